import { median } from "../statistics.js";

/** Some measurements of one thing. */
export interface RateSummary {
  median: number;
  mean: number;
  /** Sample standard deviation. */
  sd: number;
}

/**
 * Median, mean and sample standard deviation.
 *
 * @param rates not empty; the deviation of a single one is 0
 */
export function summarizeRates(rates: readonly number[]): RateSummary {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const squares = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0);
  return {
    median: median(rates),
    mean,
    sd: rates.length > 1 ? Math.sqrt(squares / (rates.length - 1)) : 0
  };
}
