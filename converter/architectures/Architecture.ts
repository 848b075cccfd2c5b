import type { Metadata } from "../../common/gguf/Metadata.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";
import type { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import type { ComputedTensor } from "./ComputedTensor.js";
import type { DecoderConfig } from "./DecoderConfig.js";
import type { TensorSpec } from "./TensorSpec.js";

/** A model architecture the converter knows. */
export interface Architecture {
  /** Its names under `"architectures"` in config.json. */
  readonly huggingFaceNames: readonly string[];
  /** Its name in `general.architecture`. */
  readonly ggufName: string;
  /** Whether the tokenizer's metadata follows the rules of a stock conversion of the Llama family. */
  readonly isLlamaFamily: boolean;

  /** @throws {InvalidInputError} config.json does not describe a model of this architecture that can be converted */
  readConfig(config: JsonObject): DecoderConfig;

  /** Everything the weights must hold. */
  tensors(decoder: DecoderConfig, config: JsonObject): TensorSpec[];

  /** Tensors a stock conversion adds in front of the model's own. */
  computedTensors(decoder: DecoderConfig): ComputedTensor[];

  /** Writes the keys beyond those every decoder has; they follow `general.file_type`. */
  writeExtraMetadata(metadata: Metadata, decoder: DecoderConfig, directory: ModelDirectory): Promise<void>;

  /** What the converted file cannot express, one sentence each. */
  warnings(config: JsonObject): string[];
}
