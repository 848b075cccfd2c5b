import type { NativeJob } from "./job/NativeJob.js";

/** What `measureQuality` of the native addon takes. */
export interface NativeQualityOptions {
  model: string;
  reference?: string;
  /** UTF-8 bytes of the text. */
  text: Uint8Array;
  /** Tokens a chunk, at least 4. */
  context: number;
  /** How many chunks at most; 0 takes them all. */
  chunks: number;
  threads: number;
}

/** One entry a predicted token; everything in nats or probability, float64. */
export interface TokenScores {
  negativeLogLikelihood: Float64Array;
  /** Only with a reference. */
  comparison?: {
    referenceNegativeLogLikelihood: Float64Array;
    /** KL(reference || model). */
    klDivergence: Float64Array;
    /** p(token) of the model minus that of the reference. */
    probabilityChange: Float64Array;
    /** 1 where both put the same token first. */
    sameTop: Uint8Array;
  };
}

export interface NativeQualityMeasurement extends TokenScores {
  /** Tokens in the whole text. */
  tokens: number;
  chunks: number;
  /** Longest context the model was trained on. */
  trainedContext: number;
}

/** A model that stays loaded to be timed. */
export interface SpeedModel {
  handle: SpeedModelHandle;
  type: string;
  loadSeconds: number;
}

/** Opaque; freed by `closeSpeedModel` or when it is no longer reachable. */
export type SpeedModelHandle = object & { readonly speedModel: unique symbol };

export interface NativeSyntheticModel {
  name: string;
  layers: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  feedForward: number;
  contextLength: number;
  ropeFrequencyBase: number;
  tied: boolean;
  tokens: string[];
  /** llama.cpp's type of each token. */
  tokenTypes: Int32Array;
  merges: string[];
  bos: number;
  eos: number;
  /** Makes it a MixLLM model; F16 otherwise. */
  percent8bit?: number;
}

/** The native addon `mixllm-bench`; see `bench/native`. Paths are passed to llama.cpp as they are. */
export interface BenchAddon {
  /** Progress: chunks done, chunks in all, perplexity so far. */
  measureQuality(
    options: NativeQualityOptions,
    onProgress?: (done: number, total: number, perplexity: number) => void
  ): NativeJob<NativeQualityMeasurement>;

  /**
   * Scores logits that are at hand, by the code `measureQuality` runs.
   *
   * @param logits `[targets][vocabulary]`
   * @param referenceLogits the same of the reference
   */
  scoreTokens(
    logits: Float32Array,
    referenceLogits: Float32Array | undefined,
    targets: Int32Array,
    threads: number
  ): TokenScores & { finite: boolean };

  /** Loads a model and makes its contexts; a test of 0 tokens gets none. */
  openSpeedModel(options: { model: string; prompt: number; generate: number; threads: number }): NativeJob<SpeedModel>;
  warmUpSpeedModel(handle: SpeedModelHandle): NativeJob<void>;
  /** Seconds the prompt takes. The same seed gives the same random tokens to models with vocabularies of one size. */
  timePrompt(handle: SpeedModelHandle, seed: number): NativeJob<number>;
  /** Seconds the generation takes. */
  timeGeneration(handle: SpeedModelHandle, seed: number): NativeJob<number>;
  closeSpeedModel(handle: SpeedModelHandle): void;

  /** Progress: chunks done, chunks in all. `chunks` 0 takes them all; `dataset` names the text in the file. */
  computeImportanceMatrix(
    options: {
      model: string;
      text: Uint8Array;
      dataset: string;
      context: number;
      chunks: number;
      threads: number;
      output: string;
    },
    onProgress?: (done: number, total: number) => void
  ): NativeJob<void>;

  /** Names `quantizeStock` knows. */
  stockTypes(): string[];
  /** Progress: tensors done, tensors in all. A cancellation takes effect only at the end. */
  quantizeStock(
    options: { input: string; output: string; type: string; imatrix?: string; threads: number },
    onProgress?: (done: number, total: number) => void
  ): NativeJob<void>;

  /** Progress: bytes written, bytes in all. Leaves a partial file behind when it fails. */
  writeSyntheticModel(
    model: NativeSyntheticModel,
    path: string,
    threads: number,
    onProgress?: (done: number, total: number) => void
  ): NativeJob<void>;
}
