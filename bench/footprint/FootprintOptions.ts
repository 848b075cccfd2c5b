/** What a model is started for. */
export interface FootprintOptions {
  /** Tokens of the prompt after which its memory is read. */
  prompt: number;
  /** Tokens of the context. */
  context: number;
  threads: number;
  /** Layers on the GPU; none unless given. */
  gpuLayers?: number;
}
