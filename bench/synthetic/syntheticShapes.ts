/** How large a model is; what its architecture does not have is left out. */
export interface SyntheticDimensions {
  layers: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  /** Of a head's features, how many rotate. */
  rotarySize: number;
  feedForward: number;
  /** Experts of every layer, how many of them a token takes, and the width of one. */
  experts?: number;
  usedExperts?: number;
  expertFeedForward?: number;
  /** Tokens that attention of every other layer reaches back. */
  slidingWindow?: number;
  /** Every how many layers there is full attention, between recurrent layers with these heads and convolution. */
  fullAttentionInterval?: number;
  recurrentKeyHeads?: number;
  recurrentValueHeads?: number;
  recurrentHeadSize?: number;
  convolutionKernel?: number;
}

/** What makes a model as large as it is. */
export interface SyntheticShape {
  /** llama.cpp's name. */
  architecture: "llama" | "qwen35" | "qwen3moe" | "gpt-oss";
  dimensions: SyntheticDimensions;
  vocabulary: number;
  contextLength: number;
  ropeFrequencyBase: number;
  /** The embedding serves as output head too. */
  tied: boolean;
}

const llama3 = {
  architecture: "llama",
  vocabulary: 128_256,
  contextLength: 131_072,
  ropeFrequencyBase: 500_000
} as const;

const qwen35 = {
  architecture: "qwen35",
  vocabulary: 248_320,
  contextLength: 262_144,
  ropeFrequencyBase: 10_000_000
} as const;

/** Of the recurrent layers of all sizes, three of four. */
const gatedDeltaNet = {
  fullAttentionInterval: 4,
  recurrentKeyHeads: 16,
  recurrentHeadSize: 128,
  convolutionKernel: 4
};

/** Shapes by name, from the `config.json` of the models they are named after. */
export const syntheticShapes: Readonly<Record<string, SyntheticShape>> = {
  "llama-3.2-1b": {
    ...llama3,
    dimensions: { layers: 16, hidden: 2048, heads: 32, kvHeads: 8, headSize: 64, rotarySize: 64, feedForward: 8192 },
    tied: true
  },
  "llama-3.2-3b": {
    ...llama3,
    dimensions: { layers: 28, hidden: 3072, heads: 24, kvHeads: 8, headSize: 128, rotarySize: 128, feedForward: 8192 },
    tied: true
  },
  "llama-3.1-8b": {
    ...llama3,
    dimensions: {
      layers: 32,
      hidden: 4096,
      heads: 32,
      kvHeads: 8,
      headSize: 128,
      rotarySize: 128,
      feedForward: 14_336
    },
    tied: false
  },
  "qwen3.5-4b": {
    ...qwen35,
    dimensions: {
      layers: 32,
      hidden: 2560,
      heads: 16,
      kvHeads: 4,
      headSize: 256,
      rotarySize: 64,
      feedForward: 9216,
      ...gatedDeltaNet,
      recurrentValueHeads: 32
    },
    tied: true
  },
  "qwen3.5-27b": {
    ...qwen35,
    dimensions: {
      layers: 64,
      hidden: 5120,
      heads: 24,
      kvHeads: 4,
      headSize: 256,
      rotarySize: 64,
      feedForward: 17_408,
      ...gatedDeltaNet,
      recurrentValueHeads: 48
    },
    tied: false
  },
  "qwen3-30b-a3b": {
    architecture: "qwen3moe",
    dimensions: {
      layers: 48,
      hidden: 2048,
      heads: 32,
      kvHeads: 4,
      headSize: 128,
      rotarySize: 128,
      feedForward: 6144,
      experts: 128,
      usedExperts: 8,
      expertFeedForward: 768
    },
    vocabulary: 151_936,
    contextLength: 40_960,
    ropeFrequencyBase: 1_000_000,
    tied: false
  },
  "gpt-oss-20b": {
    architecture: "gpt-oss",
    dimensions: {
      layers: 24,
      hidden: 2880,
      heads: 64,
      kvHeads: 8,
      headSize: 64,
      rotarySize: 64,
      feedForward: 2880,
      experts: 32,
      usedExperts: 4,
      expertFeedForward: 2880,
      slidingWindow: 128
    },
    vocabulary: 201_088,
    contextLength: 131_072,
    ropeFrequencyBase: 150_000,
    tied: false
  }
};
