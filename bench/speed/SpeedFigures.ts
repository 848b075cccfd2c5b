import type { RateSummary } from "./summarizeRates.js";

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
