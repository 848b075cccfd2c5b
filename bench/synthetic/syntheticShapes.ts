import type { SyntheticShape } from "./SyntheticShape.js";

/** Shapes by name, from the `config.json` of the models they are named after. */
export const syntheticShapes: Readonly<Record<string, SyntheticShape>> = {
  "llama-3.2-1b": {
    layers: 16,
    hidden: 2048,
    heads: 32,
    kvHeads: 8,
    feedForward: 8192,
    vocabulary: 128_256,
    contextLength: 131_072,
    ropeFrequencyBase: 500_000,
    tied: true
  },
  "llama-3.2-3b": {
    layers: 28,
    hidden: 3072,
    heads: 24,
    kvHeads: 8,
    feedForward: 8192,
    vocabulary: 128_256,
    contextLength: 131_072,
    ropeFrequencyBase: 500_000,
    tied: true
  },
  "llama-3.1-8b": {
    layers: 32,
    hidden: 4096,
    heads: 32,
    kvHeads: 8,
    feedForward: 14_336,
    vocabulary: 128_256,
    contextLength: 131_072,
    ropeFrequencyBase: 500_000,
    tied: false
  }
};
