/** How fast one model runs one test. */
export interface SpeedFigures {
  model: string;
  /** Its quantization, such as `Q4_K_M` or `MixLLM W4.4A8`. */
  type: string;
  /** `pp` (prompt processing) or `tg` (text generation) and how many tokens, such as `pp512`. */
  test: string;
  threads: number;
  tokensPerSecond: { median: number; mean: number; sd: number };
}
