/** What most tensors of the output are stored as. */
export type OutputFormat = "mixllm" | "f16" | "bf16" | "q8_0";

/** Stock types that the embedding and the output head of a MixLLM file can have. */
export const HEAD_TYPES = [
  "f16",
  "bf16",
  "q8_0",
  "q6_K",
  "q5_K",
  "q5_1",
  "q5_0",
  "q4_K",
  "q4_1",
  "q4_0",
  "iq4_nl"
] as const;

/**
 * A stock type by name, or the best that fits: at equal bytes Q6_K loses less than Q8_0, the difference going into 8-bit
 * channels (docs/converting.md). Rows that its blocks of 256 do not divide get Q8_0, others F16.
 */
export type HeadType = (typeof HEAD_TYPES)[number] | "auto";

/** How much of a model gets 8 bits; one of three ways to say it. */
export type Budget =
  /** Share of output channels, 0 to 100. */
  | { readonly unit: "percent"; readonly percent: number }
  /** Bits a weight of the mixed weights on average. */
  | { readonly unit: "bitsPerWeight"; readonly bitsPerWeight: number }
  /** Bytes of the whole file. */
  | { readonly unit: "fileBytes"; readonly fileBytes: number };

/** What a user asks of the linear weights whose GGUF names match. */
export interface TensorOverride {
  readonly pattern: RegExp;
  /** All channels in 4 or 8 bits, or the weight left as F16. */
  readonly treatment: "4" | "8" | "f16";
}

/** How a model is to be converted; together with the model it determines every byte of the output. */
export interface ConversionOptions {
  readonly format: OutputFormat;
  readonly budget: Budget;
  /** Treatment of single weights, the first match counting. */
  readonly overrides: readonly TensorOverride[];
  readonly embeddingType: HeadType;
  readonly outputType: HeadType;
}
