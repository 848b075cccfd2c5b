/** How much of a model gets 8 bits; one of three ways to say it. */
export type Budget =
  /** Share of output channels, 0 to 100. */
  | { readonly unit: "percent"; readonly percent: number }
  /** Bits a weight of the mixed weights on average. */
  | { readonly unit: "bitsPerWeight"; readonly bitsPerWeight: number }
  /** Bytes of the whole file. */
  | { readonly unit: "fileBytes"; readonly fileBytes: number };
