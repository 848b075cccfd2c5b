import type { Metadata } from "../../common/gguf/Metadata.js";
import type { TensorTransform } from "../model/transforms.js";
import type { ConfigFile } from "./configKeys.js";
import type { DecoderConfig } from "./decoder.js";

/** A model architecture the converter knows. */
export interface Architecture {
  /** What people call its models, for the list of what is supported. */
  readonly title: string;
  /** Its names under `"architectures"` in config.json. */
  readonly huggingFaceNames: readonly string[];
  /** Values of `"model_type"` in config.json that mean it, by which transformers chooses the implementation. */
  readonly modelTypes: readonly string[];
  /** Its name in `general.architecture`. */
  readonly ggufName: string;
  /** Whether the tokenizer's metadata follows the rules of a stock conversion of the Llama family. */
  readonly isLlamaFamily: boolean;
  /** Whether a stock conversion looks for a sentence-transformers pooling configuration beside it. */
  readonly mayPool: boolean;
  /** Whether a stock conversion says of its SentencePiece tokenizer that it puts no space in front of a text. */
  readonly addsNoSpacePrefix?: boolean;
  /** Names of tensors that the converted model does without. */
  readonly ignoredTensors?: RegExp;

  /** @throws {InvalidInputError} config.json does not describe a model of this architecture that can be converted */
  describe(config: ConfigFile): ModelDescription;
}

/** What config.json says about a model, in the terms of GGUF. */
export interface ModelDescription {
  readonly decoder: DecoderConfig;
  /** Everything the weights must hold. */
  readonly tensors: readonly TensorSpec[];
  /** Tensors a stock conversion adds in front of the model's own. */
  readonly computedTensors: readonly ComputedTensor[];
  /** What the converted file does not follow, one sentence each. */
  readonly warnings: readonly string[];

  /** Writes what a stock conversion writes in front of everything else but the architecture. */
  writeFirst?(metadata: Metadata): void;

  /** Writes all hyperparameters and `general.file_type`, in the order a stock conversion does. */
  writeMetadata(metadata: Metadata, fileType: number): void;
}

/**
 * What a tensor does in the model, which decides how it may be stored: `experts` are the linear weights of a mixture,
 * stacked; what routes to them, norms, biases and the state of a recurrence stay float32. Of a GGUF's tensors it is
 * unknown.
 */
export type TensorRole =
  "embedding" | "output" | "linear" | "experts" | "router" | "norm" | "bias" | "recurrence" | "unknown";

/** One tensor an architecture expects in a model's weights. */
export interface TensorSpec {
  /** Name in the weights, such as Hugging Face's `model.layers.0.self_attn.q_proj.weight`. */
  readonly source: string;
  /** Names in the weights of all parts, where the target is a stack of tensors; `source` is then a name for errors. */
  readonly parts?: readonly string[];
  /** Name in GGUF, such as `blk.0.attn_q.weight`. */
  readonly target: string;
  /** Slowest dimension first; `[outputChannels, inputChannels]` for a weight. */
  readonly shape: readonly number[];
  /** The shape in the weights, of each part where there are several; the same unless given. */
  readonly storedShape?: readonly number[];
  /**
   * Where the weights have it in MXFP4, as a tensor of blocks and one of scales that are the `parts`: the shape of its
   * values. `storedShape` is then left out.
   */
  readonly packedShape?: readonly number[];
  readonly role: TensorRole;
  /**
   * Number of attention heads whose rows change from Hugging Face's split-half rotary order to the interleaved order
   * llama.cpp's rope expects for this architecture; absent when rows stay as they are.
   */
  readonly rotaryHeads?: number;
  /** What else is done to the values, in order. */
  readonly transforms?: readonly TensorTransform[];
  /** Whether a model without it is whole. */
  readonly isOptional?: boolean;
}

/** A small float32 tensor that is computed from the configuration instead of read from the weights. */
export interface ComputedTensor {
  readonly target: string;
  readonly values: Float32Array;
}
