import type { NativeJob, OnJobProgress } from "../common/nativeJob.js";
import type { SourceRows } from "./ConverterAddon.js";
import type { ComponentSuffix } from "../common/format/mixllmFormat.js";

/** What a decoder layer computes: pre-norm grouped-query attention and a SwiGLU MLP. */
export interface LayerShape {
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headLength: number;
  readonly feedForward: number;
  readonly normEpsilon: number;
  readonly rope: RopeShape;
}

/** Rotary position embedding, in ggml's terms. */
export interface RopeShape {
  readonly base: number;
  /** 1 / factor of linear and YaRN scaling, else 1. */
  readonly frequencyScale: number;
  /** YaRN's mix of the unscaled frequencies; 0 without YaRN. */
  readonly extrapolation: number;
  readonly attentionFactor: number;
  readonly betaFast: number;
  readonly betaSlow: number;
  readonly originalContext: number;
  /** Whether the halves of a head pair up, rather than neighbours. */
  readonly neox: boolean;
}

/** Calibration sequences and how many of them are in memory together. */
export interface CalibrationBatches {
  readonly samples: number;
  /** Tokens of each sample. */
  readonly length: number;
  /** A multiple of `max(1, floor(2048 / length))`. */
  readonly batchSamples: number;
  /** `samples * length` token ids. */
  readonly tokens: Int32Array;
}

/** One decoder layer and what passes through it. */
export interface LayerCall {
  readonly shape: LayerShape;
  /** By GGUF name without the layer's prefix, such as `attn_q.weight`; also `rope_freqs.weight`. */
  readonly weights: Readonly<Record<string, SourceRows>>;
  readonly calibration: CalibrationBatches;
  readonly threads: number;
}

/** Salience of one linear's output channels by the two measures; see `salience.h`. */
export interface LinearSalience {
  readonly taylor: Float32Array;
  readonly fisher: Float32Array;
}

/** A linear to quantize: which output channels get 8 bits, and where its packed components go. */
export interface LinearRequest {
  readonly is8bit: Uint8Array;
  readonly components: Readonly<Record<ComponentSuffix, Uint8Array>>;
}

/** Activation files of one layer's quantization. */
export interface QuantizationFiles {
  /** The layer's input when all layers before it are quantized. */
  readonly input: string;
  /** To write: the quantized layer's output. */
  readonly output: string;
  /** The layer's input in the float model. */
  readonly floatInput: string;
  /** The float model's output of the layer; written unless it exists. */
  readonly floatOutput: string;
  /** Prefix of the names of temporary files. */
  readonly scratch: string;
}

/**
 * The native part of search and quantization, one decoder layer a call.
 *
 * Activations are files of float32, `[samples][length][hidden]`; a file appears under its name only when it is whole.
 */
export interface MethodAddon {
  /** What matrix products are computed on: the first GPU of the runtime's build, else the CPU. */
  device(): { readonly name: string; readonly isGpu: boolean; readonly freeBytes: number };

  /** Tokenizes UTF-8 text without special tokens, with the vocabulary of a GGUF file; `bos` is -1 for none. */
  tokenize(vocabulary: string, text: string): NativeJob<{ tokens: Int32Array; bos: number }>;

  /** Draws `samples * length` tokens from the distribution of a GGUF file's model. */
  generateSamples(
    model: string,
    samples: number,
    length: number,
    seed: number,
    threads: number,
    onProgress?: OnJobProgress
  ): NativeJob<Int32Array>;

  /** Row-major position of the first NaN or infinity, -1 for none. */
  findNonFinite(source: SourceRows, threads: number): NativeJob<number>;

  /** Writes the first layer's input. */
  embedTokens(calibration: CalibrationBatches, embedding: SourceRows, output: string): NativeJob<void>;

  /** Passes every sample through one layer. */
  forwardLayer(call: LayerCall, input: string, output: string): NativeJob<void>;

  /** Every sample's loss, and its gradient at the last layer's output. */
  headLoss(
    call: {
      readonly norm: SourceRows;
      readonly head: SourceRows;
      readonly normEpsilon: number;
      readonly calibration: CalibrationBatches;
      readonly threads: number;
    },
    input: string,
    gradient: string
  ): NativeJob<Float64Array>;

  /** Takes the loss gradient back through one layer and measures its channels' salience, by linear. */
  backwardLayer(
    call: LayerCall,
    input: string,
    outputGradient: string,
    inputGradient: string
  ): NativeJob<Record<string, LinearSalience>>;

  /**
   * Quantizes one layer's linears by GPTQ, in the order they run.
   *
   * @returns by linear, the damping its Hessian took; 0 when none sufficed and the weight was rounded to nearest
   */
  quantizeLayer(
    call: LayerCall,
    linears: Readonly<Record<string, LinearRequest>>,
    files: QuantizationFiles
  ): NativeJob<Record<string, number>>;
}
