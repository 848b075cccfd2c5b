import type { ComputedTensor, TensorSpec } from "../architectures/Architecture.js";
import type { Metadata } from "../../common/gguf/Metadata.js";

/** What a user can say about a model to convert. */
export interface OpenModelOptions {
  /** llama.cpp's name of the BPE pre-tokenizer, to use instead of what the model says. */
  readonly preTokenizer?: string | undefined;
  /** Called with one sentence for each thing the conversion cannot keep. */
  readonly warn: (message: string) => void;
}

/** A model to convert, everything but its weights' values read and checked. */
export interface SourceModel {
  /** `general.architecture`. */
  readonly architecture: string;
  /** Tokens that it was trained to see together, as far as its metadata says. */
  readonly contextLength: number | undefined;
  /** The directory or file that a user gave. */
  readonly place: string;
  readonly weights: StoredWeights;
  /** In the order they are written. */
  readonly tensors: readonly ModelTensor[];
  /** Written before `tensors`. */
  readonly computedTensors: readonly ComputedTensor[];

  /**
   * Everything the converted file says about the model, in the order it is written.
   *
   * @param fileType `general.file_type`: llama.cpp's number for what most tensors are stored as
   * @throws {InvalidInputError} the tokenizer is missing, malformed or unknown
   */
  metadata(fileType: number): Promise<Metadata>;

  close(): Promise<void>;
}

/**
 * The number formats a model's weights can have, spelt as a safetensors header and ggml do. MXFP4, in ggml's blocks of 32
 * values in 17 bytes, is what the experts of gpt-oss were trained in, and no quantization of anything else.
 */
export type SourceType = "F32" | "F16" | "BF16" | "MXFP4";

/** A tensor the architecture expects, found in the weights with the right shape and a convertible format. */
export interface ModelTensor {
  readonly spec: TensorSpec;
  /** Where it is stored; of a stack, all parts together under one name. */
  readonly stored: StoredTensor;
  /** The tensors of a stack, in its order. */
  readonly parts?: readonly StoredTensor[];
  /** The format it is read in, after the transforms of `spec`. */
  readonly type: SourceType;
  /** Rows: output channels of a weight, of all experts in a stack; 1 for a norm or bias. */
  readonly rows: number;
  /** Values of a row: input channels of a weight, all values of a norm or bias. */
  readonly columns: number;
}

/** One tensor of a model file, its place checked against the file. */
export interface StoredTensor {
  readonly name: string;
  /** As the file names it; anything but a `SourceType` cannot be converted. */
  readonly dtype: string;
  /** Slowest dimension first, as PyTorch prints it. */
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A model's weights, in one open file or several. */
export interface StoredWeights {
  /** Paths of the files. */
  readonly paths: readonly string[];

  /**
   * Fills `buffer` with a tensor's bytes from byte `start` of the tensor on.
   *
   * @throws {InvalidInputError} its file ends early or cannot be read
   */
  read(tensor: StoredTensor, start: number, buffer: Uint8Array): Promise<void>;

  close(): Promise<void>;
}

/** How many values a model has, tied embeddings counted once. */
export interface ParameterCount {
  readonly totalParameters: number;
  /** Of a mixture: how many experts a stack has, and the values of all else with one expert of each stack. */
  readonly mixture?: { readonly experts: number; readonly parameters: number };
}

/** Counts the values in all tensors of a model. */
export function countParameters({
  tensors,
  computedTensors
}: Pick<SourceModel, "tensors" | "computedTensors">): ParameterCount {
  const values = tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const totalParameters = computedTensors.reduce((sum, tensor) => sum + tensor.values.length, values);
  const stacks = tensors.filter(({ spec }) => spec.shape.length > 2 && spec.target.includes("_exps."));
  const experts = stacks[0]?.spec.shape[0];
  if (experts === undefined) return { totalParameters };
  const parameters = stacks.reduce((sum, stack) => sum - valuesOf(stack) + valuesOf(stack) / experts, totalParameters);
  return { totalParameters, mixture: { experts, parameters } };
}

function valuesOf({ spec }: ModelTensor): number {
  return spec.shape.reduce((product, size) => product * size, 1);
}
