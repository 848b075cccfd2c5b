import type { NativeJob } from "../common/nativeJob.js";
import type { SyntheticDimensions } from "./synthetic/syntheticShapes.js";

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
  /** Layers of each model to put on a device other than the CPU. */
  gpuLayers: number;
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

/** What a model is timed with. */
export interface NativePlacement {
  threads: number;
  /** Layers on the GPU; 0 keeps all on the CPU. */
  gpuLayers: number;
}

/** What is timed: a prompt processed in batches, or tokens generated one by one. */
export interface NativeSpeedTest {
  tokens: number;
  generation: boolean;
  /** Tokens already in the KV cache when the clock starts. */
  depth: number;
}

/** Opaque; freed by `closeSpeedModel` or when it is no longer reachable. */
export type SpeedModelHandle = object & { readonly speedModel: unique symbol };

/** What it takes to get a model going. */
export interface NativeStart {
  /** From opening the file until the model is ready. */
  loadSeconds: number;
  /** From opening the file until the first token after a prompt of 32 tokens is known. */
  firstTokenSeconds: number;
  /** Bytes taken on the GPUs; null where there is no GPU. */
  videoMemoryBytes: number | null;
}

/** One product to time: of a weight of `inputs` x `outputs` with the activations of so many tokens. */
export interface NativeKernelOptions {
  /** Name of a ggml device. */
  device: string;
  /** Of the CPU; a GPU does not use them. */
  threads: number;
  inputs: number;
  outputs: number;
  tokens: number;
  /** Memory that copies of the weight, used in turn, take at least. */
  rotatedBytes: number;
  /** Makes it a MixLLM weight with that share of 8-bit output channels. */
  percent8bit?: number;
  /** Otherwise: one of `kernelTypes()`. */
  type?: string;
}

/** Opaque; freed by `closeKernel` or when it is no longer reachable. */
export type KernelHandle = object & { readonly kernel: unique symbol };

export interface NativeKernel {
  handle: KernelHandle;
  weightBytes: number;
  /** How many copies of the weight are computed with in turn. */
  copies: number;
  /** Whether ggml rearranged the weight for its kernel. */
  repacked: boolean;
  /** Norm of the difference from the product in float over the norm of that. */
  relativeError: number;
}

/** What the processor can do at best. */
export interface NativeCeilings {
  /** Instruction set of MixLLM's kernels on this machine. */
  isa: string;
  /** Multiplications plus additions a second of its int8 multiply instruction alone; 0 where not known. */
  operationsPerSecond: number;
  /** Bytes a second that the threads read from memory. */
  bytesPerSecond: number;
}

export interface NativeSyntheticModel {
  name: string;
  architecture: string;
  dimensions: SyntheticDimensions;
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
  /** Leaves out what tensors hold: the file is as long as the model and takes up no more than its header. */
  headerOnly: boolean;
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

  /** Loads a model that stays loaded to be timed. */
  openSpeedModel(options: NativePlacement & { model: string }): NativeJob<{ handle: SpeedModelHandle; type: string }>;
  /** Makes the context of a test, in place of the one before, and warms up. */
  prepareSpeedTest(handle: SpeedModelHandle, test: NativeSpeedTest): NativeJob<void>;
  /** Seconds the prepared test takes. The same seed gives the same tokens to models with vocabularies of one size. */
  timeSpeedTest(handle: SpeedModelHandle, seed: number): NativeJob<number>;
  closeSpeedModel(handle: SpeedModelHandle): void;

  /**
   * Starts a model, then processes a whole prompt so that the process reaches the memory that takes. Only the first call
   * of a process tells what a start costs.
   *
   * @param options.context tokens of the context; more where the prompts need it
   */
  measureStart(options: NativePlacement & { model: string; prompt: number; context: number }): NativeJob<NativeStart>;

  /** Types of stock weights whose product can be timed. */
  kernelTypes(): string[];
  kernelDevices(): { name: string; description: string; isCpu: boolean }[];
  /** Makes a random weight, computes its product once and holds that against the product in float. */
  openKernel(options: NativeKernelOptions): NativeJob<NativeKernel>;
  /** Seconds one product takes, on average over about 50 ms: CPU time of a single thread, otherwise elapsed time. */
  timeKernel(handle: KernelHandle): NativeJob<number>;
  closeKernel(handle: KernelHandle): void;
  /** Measures on so many threads at once, for about 20 ms, by the clock that `timeKernel` takes. */
  measureCeilings(threads: number): NativeJob<NativeCeilings>;

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
