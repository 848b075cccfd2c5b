import type { Metadata } from "../../common/gguf/Metadata.js";
import type { ConfigFile } from "./configKeys.js";
import type { DecoderConfig } from "./decoder.js";

/** A model architecture the converter knows. */
export interface Architecture {
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

  /** Writes all hyperparameters and `general.file_type`, in the order a stock conversion does. */
  writeMetadata(metadata: Metadata, fileType: number): void;
}

/** What a tensor does in the model, which decides how it may be stored. */
export type TensorRole = "embedding" | "output" | "linear" | "norm" | "bias";

/** One tensor an architecture expects in a model's weights. */
export interface TensorSpec {
  /** Name in the weights, such as Hugging Face's `model.layers.0.self_attn.q_proj.weight`. */
  readonly source: string;
  /** Name in GGUF, such as `blk.0.attn_q.weight`. */
  readonly target: string;
  /** Slowest dimension first; `[outputChannels, inputChannels]` for a weight. */
  readonly shape: readonly number[];
  readonly role: TensorRole;
  /**
   * Number of attention heads whose rows change from Hugging Face's split-half rotary order to the interleaved order
   * llama.cpp's rope expects for this architecture; absent when rows stay as they are.
   */
  readonly rotaryHeads?: number;
  /** Whether a model without it is whole. */
  readonly isOptional?: boolean;
}

/** A small float32 tensor that is computed from the configuration instead of read from the weights. */
export interface ComputedTensor {
  readonly target: string;
  readonly values: Float32Array;
}
