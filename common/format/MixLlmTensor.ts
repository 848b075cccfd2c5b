/** A MixLLM weight of a file: the six components' common description. */
export interface MixLlmTensor {
  /** Name of the weight that the components stand for, such as `blk.0.attn_q.weight`. */
  readonly name: string;
  /** Number of its decoder layer; absent for a weight outside the layers, as is `kind`. */
  readonly layer?: number;
  /** Which of its layer's linears it is, such as `attn_q`. */
  readonly kind?: string;
  /** Number of output channels, N. */
  readonly outputChannels: number;
  /** Number of inputs, K. */
  readonly inputChannels: number;
  /** Number of output channels kept in 8 bits. */
  readonly channels8bit: number;
}
