/**
 * Mean and its standard error.
 *
 * @param values at least two
 */
export function meanAndError(values: ArrayLike<number>): { mean: number; error: number } {
  const count = values.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i]!;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (values[i]! - mean) ** 2;
  return { mean, error: Math.sqrt(squares / count / (count - 1)) };
}

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

/** @param values in any order, not empty */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return percentile(sorted, 0.5);
}
