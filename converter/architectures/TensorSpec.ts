/** What a tensor does in the model, which decides how it may be stored. */
export type TensorRole = "embedding" | "output" | "linear" | "norm" | "bias";

/** One tensor an architecture expects in a model's weights. */
export interface TensorSpec {
  /** Name in the weights, such as Hugging Face's `model.layers.0.self_attn.q_proj.weight`. */
  readonly source: string;
  /** Name in GGUF, such as `blk.0.attn_q.weight`. */
  readonly target: string;
  /** Slowest dimension first; `[outputChannels, inputChannels]` for a weight. */
  readonly shape: readonly number[];
  readonly role: TensorRole;
  /**
   * Number of attention heads whose rows change from Hugging Face's split-half rotary order to the interleaved order
   * llama.cpp's rope expects for this architecture; absent when rows stay as they are.
   */
  readonly rotaryHeads?: number;
  /** Whether a model without it is whole. */
  readonly isOptional?: boolean;
}
