import type { NativeJob, OnJobProgress } from "../common/nativeJob.js";
import type { ComponentSuffix } from "../common/format/mixllmFormat.js";

/** Rows of a weight as they lie in the source file, row-major and little-endian. */
export interface SourceRows {
  readonly data: Uint8Array;
  readonly type: "f32" | "f16" | "bf16" | "mxfp4";
  readonly rows: number;
  readonly columns: number;
  /** What values are multiplied with as they are loaded, by column, perhaps of each of some equal parts of the rows, and by row; 1 unless given. */
  readonly columnFactors?: Float32Array;
  readonly rowFactors?: Float32Array;
}

/** A model's compute graph as llama.cpp builds it, held by the addon. */
export type GraphHandle = { readonly __graph: never };

/**
 * A model's compute graph in sections that run one after another: what comes before the first decoder block, the blocks,
 * and what comes after the last.
 */
export interface ModelGraph {
  readonly handle: GraphHandle;
  /** Entries of the vocabulary. */
  readonly vocabulary: number;
  /** Name of the output head's weight. */
  readonly head: string;
  /** Why the model cannot be run on samples section by section; `sections` and `values` are empty then. */
  readonly obstacle?: string;
  readonly sections: readonly GraphSection[];
  /** Values that cross from a section to later ones, by number. */
  readonly values: readonly CrossingValue[];
  /** Every weight that the graph reads. */
  readonly weights: readonly WeightUse[];
}

export interface GraphSection {
  /** Number of the block in its weights' names; -1 before the first and after the last. */
  readonly block: number;
  /** Names of the weights it reads. */
  readonly weights: readonly string[];
  /** Numbers of the values of earlier sections that it reads. */
  readonly inputs: readonly number[];
  /** Numbers of its own values that later sections read. */
  readonly outputs: readonly number[];
  /** What the backward pass takes: weights, transposes and rounding errors as floats. */
  readonly weightBytes: number;
  /** What the backward pass takes for each sample. */
  readonly sampleBytes: number;
  /** What keeps it from being differentiated; empty when nothing does. */
  readonly missing: readonly { readonly op: string; readonly tensor: string; readonly reason: string }[];
}

export interface CrossingValue {
  /** Numbers of one sample. */
  readonly floats: number;
  /** Number of the section. */
  readonly madeBy: number;
}

export interface WeightUse {
  readonly name: string;
  /**
   * `product`: multiplied with activations and nothing else; `experts`: as a stack of which each token chooses some;
   * `rows`: rows taken by token or position; else ggml's name of an operation.
   */
  readonly use: string;
  /** Of experts: how many inputs they have of a token, one for each that is chosen or one for all. */
  readonly inputsPerToken: number;
  /** Of experts: how many are chosen for each token; else 1. */
  readonly expertsPerToken: number;
  /** Numbers of the sections that read it. */
  readonly sections: readonly number[];
}

/** Calibration sequences and how many of them are in memory together. */
export interface CalibrationBatches {
  readonly samples: number;
  /** Tokens of each sample. */
  readonly length: number;
  /** A multiple of `sumSamples(length)`, or all samples. */
  readonly batchSamples: number;
  /** `samples * length` token ids. */
  readonly tokens: Int32Array;
}

/** One section of a graph and what passes through it. */
export interface SectionCall {
  readonly decoder: GraphHandle;
  /** Number of the section. */
  readonly section: number;
  /** By GGUF name, all that the section reads. */
  readonly weights: Readonly<Record<string, SourceRows>>;
  readonly calibration: CalibrationBatches;
  readonly threads: number;
}

/** Paths of activation files by number of the value. */
export type ValuePaths = Readonly<Record<number, string>>;

/** Salience of one linear's output channels, of a stack those of each expert in turn, by the two measures; see `backward_section.h`. */
export interface LinearSalience {
  readonly taylor: Float32Array;
  readonly fisher: Float32Array;
  /** The share of such a squared error that GPTQ's error feedback will leave. */
  readonly feedback: number;
}

/** What the backward pass finds of a linear. */
export interface LinearGradients extends LinearSalience {
  /** How loss gradients at its outputs go together, as BF16; see `output_moment.h`. Empty of a stack. */
  readonly moment: Uint8Array;
}

/** What a weight's values are multiplied with, powers of two; empty for 1. */
export interface WeightFactors {
  /** By input channel, or by value of a vector; of experts those of each in turn. */
  readonly columns: Float32Array;
  /** By output channel. */
  readonly rows: Float32Array;
}

/** Files with the loss gradient at crossing values. */
export interface GradientPaths {
  /** At the section's outputs, complete. */
  readonly outputs: ValuePaths;
  /** What later sections contributed at the section's inputs. */
  readonly later: ValuePaths;
  /** To write: at the section's inputs, `later` included. */
  readonly inputs: ValuePaths;
}

/** A linear to quantize: which output channels, of a stack those of each expert in turn, get 8 bits, and where its packed components go. */
export interface LinearRequest {
  readonly is8bit: Uint8Array;
  readonly components: Readonly<Record<ComponentSuffix, Uint8Array>>;
  /** Of `LinearGradients`; without it, output channels are quantized by themselves. */
  readonly moment?: Uint8Array;
}

/** How a linear came to be quantized. */
export interface LinearOutcome {
  /** What its Hessian took, of experts at most; 0 when none sufficed and the weight, or an expert, was rounded to nearest. */
  readonly damping: number;
  /** Calibration tokens that each expert of a stack was chosen for. */
  readonly expertTokens?: readonly number[];
}

/** Activation files of one section's quantization. */
export interface QuantizationFiles {
  /** What the section reads when all sections before it are quantized. */
  readonly inputs: ValuePaths;
  /** To write: the same of the sections behind it. */
  readonly outputs: ValuePaths;
  /** What the section reads in the float model. */
  readonly floatInputs: ValuePaths;
  /** What it makes in the float model; written unless they exist. */
  readonly floatOutputs: ValuePaths;
  /** Prefix of the names of temporary files. */
  readonly scratch: string;
}

/**
 * The native part of search and quantization, one section of a model's graph a call.
 *
 * Activations are files of float32, `[samples][numbers of one sample]`; a file appears under its name only when it is
 * whole.
 */
export interface MethodAddon {
  /** What matrix products are computed on: the first GPU of the runtime's build, else the CPU. */
  device(): { readonly name: string; readonly isGpu: boolean; readonly freeBytes: number };

  /** The multiply-adds a second that products of floats run at on that device; measured, for half a second. */
  productSpeed(threads: number): NativeJob<number>;

  /**
   * Tokenizes UTF-8 text without special tokens, with the vocabulary of a GGUF file; `bos` is -1 for none.
   *
   * @param enough tokens after which the rest of the text is left aside
   */
  tokenize(vocabulary: string, text: string, enough: number): NativeJob<{ tokens: Int32Array; bos: number }>;

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

  /**
   * Has llama.cpp build a model's graph for samples of `length` tokens. llama.cpp ends the process over some files that
   * contradict themselves.
   *
   * @param model a float GGUF, the first file of a split one; only its header is read
   */
  openGraph(model: string, length: number): NativeJob<ModelGraph>;

  /** Passes every sample through one section. */
  runSection(call: SectionCall, inputs: ValuePaths, outputs: ValuePaths): NativeJob<void>;

  /**
   * Finds the factors that make the inputs of one section's linears lose least in 8 bits; see `equalize_section.h`.
   *
   * @param linears names of those that will be quantized
   * @returns by name, the weights that change
   */
  equalizeSection(
    call: SectionCall,
    linears: readonly string[],
    inputs: ValuePaths
  ): NativeJob<Record<string, WeightFactors>>;

  /** Every sample's loss, and its gradient at what the last section reads. */
  headLoss(call: SectionCall, inputs: ValuePaths, gradients: ValuePaths): NativeJob<Float64Array>;

  /**
   * Takes the loss gradient back through one section and measures its linears' channels, by name.
   *
   * @param momentsAlone leaves salience empty, and has all tokens count in moments
   */
  backwardSection(
    call: SectionCall,
    linears: readonly string[],
    inputs: ValuePaths,
    gradients: GradientPaths,
    momentsAlone: boolean
  ): NativeJob<Record<string, LinearGradients>>;

  /**
   * Quantizes one section's linears by GPTQ, in the order they run, and stacks expert by expert.
   *
   * @returns by linear
   */
  quantizeSection(
    call: SectionCall,
    linears: Readonly<Record<string, LinearRequest>>,
    files: QuantizationFiles
  ): NativeJob<Record<string, LinearOutcome>>;
}
