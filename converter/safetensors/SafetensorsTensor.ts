/** How a safetensors header names the number formats a model's weights can have. */
export type SourceType = "F32" | "F16" | "BF16";

/** One tensor of a safetensors file, its place checked against the file. */
export interface SafetensorsTensor {
  readonly name: string;
  /** As the header spells it; anything but a `SourceType` cannot be converted. */
  readonly dtype: string;
  /** Slowest dimension first, as PyTorch prints it. */
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}
