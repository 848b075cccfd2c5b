import type { Budget } from "./Budget.js";
import type { TensorOverride } from "./TensorOverride.js";

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

export type HeadType = (typeof HEAD_TYPES)[number];

/** How a model is to be converted; together with the model it determines every byte of the output. */
export interface ConversionOptions {
  readonly format: OutputFormat;
  readonly budget: Budget;
  /** Treatment of single weights, the first match counting. */
  readonly overrides: readonly TensorOverride[];
  readonly embeddingType: HeadType;
  readonly outputType: HeadType;
}
