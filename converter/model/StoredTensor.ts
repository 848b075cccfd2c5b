/** The number formats a model's weights can have, spelt as a safetensors header and ggml do. */
export type SourceType = "F32" | "F16" | "BF16";

/** One tensor of a model file, its place checked against the file. */
export interface StoredTensor {
  readonly name: string;
  /** As the file names it; anything but a `SourceType` cannot be converted. */
  readonly dtype: string;
  /** Slowest dimension first, as PyTorch prints it. */
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}
