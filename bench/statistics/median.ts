import { percentile } from "./percentile.js";

/** @param values in any order, not empty */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return percentile(sorted, 0.5);
}
