/**
 * A percentile by linear interpolation between the two nearest ranks.
 *
 * @param sorted ascending, not empty
 * @param fraction 0 to 1
 */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  const position = fraction * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  const share = position - below;
  return (1 - share) * sorted[below]! + share * sorted[above]!;
}
