import type { RateSummary } from "../speed/summarizeRates.js";

/** How fast one product y = W x runs, of a weight W with `outputs` channels of `inputs` each and `tokens` columns in x. */
export interface KernelFigures {
  /** Name of the ggml device it ran on. */
  device: string;
  /** Of the CPU. */
  threads: number;
  /** How the weight is stored: `MixLLM p10`, `Q4_K`. */
  kernel: string;
  inputs: number;
  outputs: number;
  tokens: number;
  weightBytes: number;
  /** How many copies of the weight took turns. */
  copies: number;
  /** Whether ggml rearranged the weight for its kernel. */
  repacked: boolean;
  /** Norm of the difference from the product in float over the norm of that: what rounding the activations costs. */
  relativeError: number;
  /** Seconds a product; CPU time where one thread computes, elapsed time otherwise. */
  seconds: RateSummary;
  /** Multiplications plus additions a second, in 1e9. */
  gops: RateSummary;
  /** Bytes of the weight a second, in 1e9. */
  gigabytesPerSecond: RateSummary;
  /** Operations over the peak in the same round, median; null where that is not known, for float kernels, and on a GPU. */
  shareOfPeak: number | null;
  /** Bytes over the read bandwidth in the same round, median; null on a GPU. */
  shareOfBandwidth: number | null;
}
