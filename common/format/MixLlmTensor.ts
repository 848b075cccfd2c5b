/** A MixLLM weight of a file, or a stack of them, the experts of a layer: its components' common description. */
export interface MixLlmTensor {
  /** Name of the weight that the components stand for, such as `blk.0.attn_q.weight`. */
  readonly name: string;
  /** Number of its decoder layer; absent for a weight outside the layers, as is `kind`. */
  readonly layer?: number;
  /** Which of its layer's linears it is, such as `attn_q`. */
  readonly kind?: string;
  /** Number of output channels, N; of a stack, those of all experts. */
  readonly outputChannels: number;
  /** Number of inputs, K. */
  readonly inputChannels: number;
  /** Number of output channels kept in 8 bits; of a stack, those of all experts. */
  readonly channels8bit: number;
  /** Of a stack: how many output channels of each expert are kept in 8 bits. */
  readonly experts?: readonly number[];
}
