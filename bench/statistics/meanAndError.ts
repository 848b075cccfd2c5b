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
