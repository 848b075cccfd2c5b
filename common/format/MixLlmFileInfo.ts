import type { MixLlmTensor } from "./MixLlmTensor.js";

/** What `inspectMixLlmFile` finds in a MixLLM file; the names of the fields are those of the `mixllm.*` metadata keys. */
export interface MixLlmFileInfo {
  /** Version of the format, 1 or 2. */
  readonly version: number;
  /** Bits of all component tensors over the weights they stand for. */
  readonly bitsPerWeight: number;
  /** Share of 8-bit output channels over the model, in percent. */
  readonly percent8bit: number;
  /** Inputs that share a scale. */
  readonly groupSize: number;
  /** How the weights were rounded: `rtn` or `gptq`. */
  readonly method: string;
  /** How the 8-bit output channels were chosen. */
  readonly search: string;
  /** What it was calibrated on. */
  readonly calibration: string;
  /** SHA-256 of the source weights, and the converter's version. */
  readonly source: string;
  /** The options that determine the file, as they would be typed; absent where its writer recorded none. */
  readonly command?: string;
  /** The MixLLM weights, in the order of the file. */
  readonly tensors: readonly MixLlmTensor[];
}
