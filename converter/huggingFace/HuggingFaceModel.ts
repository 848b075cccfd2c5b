import type { Architecture } from "../architectures/Architecture.js";
import type { ComputedTensor } from "../architectures/ComputedTensor.js";
import { writeDecoderMetadata } from "../architectures/writeDecoderMetadata.js";
import type { DecoderConfig } from "../architectures/DecoderConfig.js";
import { findArchitecture } from "../architectures/findArchitecture.js";
import type { TensorSpec } from "../architectures/TensorSpec.js";
import { Metadata } from "../../common/gguf/Metadata.js";
import { QUANTIZATION_VERSION } from "../../common/gguf/encodeGgufHeader.js";
import { writeGeneralMetadata } from "../metadata/writeGeneralMetadata.js";
import { countParameters } from "../model/countParameters.js";
import { matchTensors } from "../model/matchTensors.js";
import type { ModelTensor } from "../model/ModelTensor.js";
import type { OpenModelOptions } from "../model/OpenModelOptions.js";
import type { SourceModel } from "../model/SourceModel.js";
import { withOptionalHead } from "../model/withOptionalHead.js";
import { SafetensorsModel } from "../safetensors/SafetensorsModel.js";
import { writeTokenizerMetadata } from "../tokenizers/writeTokenizerMetadata.js";
import type { JsonObject } from "./JsonObject.js";
import { ModelDirectory } from "./ModelDirectory.js";

/** Buffers older checkpoints carry that are computed from the configuration. */
const COMPUTED_BUFFERS = /\.(rotary_emb\.inv_freq|attention\.masked_bias|attention\.bias)$/;

/** A model directory in Hugging Face form; what is written is what a stock conversion writes, in its order. */
export class HuggingFaceModel implements SourceModel {
  readonly decoder: DecoderConfig;
  readonly weights: SafetensorsModel;
  readonly tensors: readonly ModelTensor[];
  readonly computedTensors: readonly ComputedTensor[];
  readonly #directory: ModelDirectory;
  readonly #architecture: Architecture;
  readonly #config: JsonObject;
  readonly #options: OpenModelOptions;

  private constructor(
    directory: ModelDirectory,
    config: JsonObject,
    architecture: Architecture,
    decoder: DecoderConfig,
    weights: SafetensorsModel,
    options: OpenModelOptions
  ) {
    this.decoder = decoder;
    this.weights = weights;
    this.tensors = findTensors(architecture.tensors(decoder, config), weights, directory.path);
    this.computedTensors = architecture.computedTensors(decoder);
    this.#directory = directory;
    this.#architecture = architecture;
    this.#config = config;
    this.#options = options;
  }

  /** @throws {InvalidInputError} the directory does not hold a whole model of a supported architecture */
  static async open(path: string, options: OpenModelOptions): Promise<HuggingFaceModel> {
    const directory = await ModelDirectory.open(path);
    // Weights first: a directory that holds none, or another format, is the likeliest mistake.
    const weights = await SafetensorsModel.open(directory);
    try {
      const config = await directory.readJson("config.json");
      const architecture = findArchitecture(config);
      const decoder = architecture.readConfig(config);
      for (const warning of architecture.warnings(config)) options.warn(warning);
      return new HuggingFaceModel(directory, config, architecture, decoder, weights, options);
    } catch (error) {
      await weights.close();
      throw error;
    }
  }

  get architecture(): string {
    return this.#architecture.ggufName;
  }

  get interleavedRope(): boolean {
    return this.tensors.some(({ spec }) => spec.rotaryHeads !== undefined);
  }

  async metadata(fileType: number): Promise<Metadata> {
    const { ggufName } = this.#architecture;
    const metadata = new Metadata();
    metadata.string("general.architecture", ggufName);
    await writeGeneralMetadata(metadata, this.#directory, this.#config, countParameters(this));
    writeDecoderMetadata(metadata, ggufName, this.decoder);
    metadata.uint32("general.file_type", fileType);
    await this.#architecture.writeExtraMetadata(metadata, this.decoder, this.#directory);
    metadata.uint32("general.quantization_version", QUANTIZATION_VERSION);
    await writeTokenizerMetadata(metadata, this.#directory, this.#config, {
      vocabularySize: this.decoder.vocabularySize,
      preTokenizer: this.#options.preTokenizer,
      warn: this.#options.warn,
      isLlamaFamily: this.#architecture.isLlamaFamily
    });
    return metadata;
  }

  async close(): Promise<void> {
    await this.weights.close();
  }
}

function findTensors(specs: readonly TensorSpec[], weights: SafetensorsModel, directory: string): ModelTensor[] {
  // A base model saved without its language-model wrapper drops the prefix.
  const prefix =
    weights.get("model.embed_tokens.weight") === undefined && weights.get("embed_tokens.weight") ? "" : "model.";
  const named = withOptionalHead(specs, "lm_head.weight").map((spec) => ({
    ...spec,
    source: spec.source.replace(/^model\./, prefix)
  }));
  return matchTensors(
    named,
    weights.tensors().filter(({ name }) => !COMPUTED_BUFFERS.test(name)),
    {
      place: directory,
      shapesFrom: "config.json",
      ifMissing: "The weights are incomplete or belong to another config.json: download the model again.",
      ifUnexpected: "Merge adapters into the weights first, or check that config.json names the right architecture."
    }
  );
}
