/** What makes a Llama model as large as it is. */
export interface SyntheticShape {
  layers: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  feedForward: number;
  vocabulary: number;
  contextLength: number;
  ropeFrequencyBase: number;
  /** The embedding serves as output head too. */
  tied: boolean;
}
