import { median } from "../statistics.js";

/** How fast one model runs one test. */
export interface SpeedFigures {
  model: string;
  /** Its quantization, such as `Q4_K_M` or `MixLLM W4.4A8`. */
  type: string;
  /** As llama.cpp's benchmark names them: `pp512` (prompt processing), `tg64` (generation), `pp512 @ d4096` (at a depth). */
  test: string;
  threads: number;
  /** Layers on the GPU. */
  gpuLayers: number;
  tokensPerSecond: RateSummary;
}

/** What a speed measurement found out about each model, in the order they were given. */
export interface SpeedReport {
  models: {
    model: string;
    type: string;
    fileBytes: number;
    /** One entry a test. */
    figures: SpeedFigures[];
  }[];
}

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
