/** How many output channels of one weight, or of one expert, have 8 bits. */
export interface ChannelShare {
  /** Number of the decoder layer. */
  readonly layer: number;
  /** Kind of linear, such as `ffn_down`. */
  readonly kind: string;
  /** Number of the expert; absent for a whole weight. */
  readonly expert?: number;
  readonly channels: number;
  readonly channels8bit: number;
}

/** The experts of all layers' stacks of one kind, such as `ffn_down_exps`. */
export interface ExpertShares {
  readonly kind: string;
  readonly shares: readonly ChannelShare[];
}
