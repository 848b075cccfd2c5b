/** How many output channels of one weight have 8 bits. */
export interface ChannelShare {
  /** Number of the decoder layer. */
  readonly layer: number;
  /** Kind of linear, such as `ffn_down`. */
  readonly kind: string;
  readonly channels: number;
  readonly channels8bit: number;
}
