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
}
