import type { Architecture } from "../architectures/Architecture.js";
import type { ComputedTensor } from "../architectures/ComputedTensor.js";
import { writeDecoderMetadata } from "../architectures/decoderMetadata.js";
import type { DecoderConfig } from "../architectures/DecoderConfig.js";
import { findArchitecture } from "../architectures/findArchitecture.js";
import { Metadata } from "../gguf/Metadata.js";
import type { JsonObject } from "../huggingFace/JsonObject.js";
import { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import { writeGeneralMetadata } from "../metadata/writeGeneralMetadata.js";
import { SafetensorsModel } from "../safetensors/SafetensorsModel.js";
import { writeTokenizerMetadata } from "../tokenizers/writeTokenizerMetadata.js";
import { matchTensors } from "./matchTensors.js";
import type { ModelTensor } from "./ModelTensor.js";

/** ggml's number for the way its quantized types are laid out. */
const QUANTIZATION_VERSION = 2;

export interface OpenModelOptions {
  /** llama.cpp's name of the BPE pre-tokenizer, to use instead of recognising it. */
  readonly preTokenizer?: string | undefined;
  /** Called with one sentence for each thing the conversion cannot keep. */
  readonly warn: (message: string) => void;
}

/** A Hugging Face model, everything but its weights' values read and checked. */
export class SourceModel {
  readonly directory: ModelDirectory;
  readonly architecture: Architecture;
  readonly decoder: DecoderConfig;
  readonly weights: SafetensorsModel;
  /** In the order a stock conversion writes them. */
  readonly tensors: readonly ModelTensor[];
  /** Written before `tensors`. */
  readonly computedTensors: readonly ComputedTensor[];
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
    this.directory = directory;
    this.architecture = architecture;
    this.decoder = decoder;
    this.weights = weights;
    this.tensors = matchTensors(architecture.tensors(decoder, config), weights, directory.path);
    this.computedTensors = architecture.computedTensors(decoder);
    this.#config = config;
    this.#options = options;
  }

  /** @throws {InvalidInputError} the directory does not hold a whole model of a supported architecture */
  static async open(path: string, options: OpenModelOptions): Promise<SourceModel> {
    const directory = await ModelDirectory.open(path);
    // Weights first: a directory that holds none, or another format, is the likeliest mistake.
    const weights = await SafetensorsModel.open(directory);
    try {
      const config = await directory.readJson("config.json");
      const architecture = findArchitecture(config);
      const decoder = architecture.readConfig(config);
      for (const warning of architecture.warnings(config)) options.warn(warning);
      return new SourceModel(directory, config, architecture, decoder, weights, options);
    } catch (error) {
      await weights.close();
      throw error;
    }
  }

  /** Values in all tensors, tied embeddings counted once. */
  parameterCount(): number {
    const stored = this.tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    return this.computedTensors.reduce((sum, { values }) => sum + values.length, stored);
  }

  /**
   * Everything a stock conversion writes about this model, in its order.
   *
   * @param fileType `general.file_type`: llama.cpp's number for what most tensors are stored as
   * @throws {InvalidInputError} the tokenizer is missing, malformed or unknown
   */
  async metadata(fileType: number): Promise<Metadata> {
    const { ggufName } = this.architecture;
    const metadata = new Metadata();
    metadata.string("general.architecture", ggufName);
    await writeGeneralMetadata(metadata, this.directory, this.#config, this.parameterCount());
    writeDecoderMetadata(metadata, ggufName, this.decoder);
    metadata.uint32("general.file_type", fileType);
    await this.architecture.writeExtraMetadata(metadata, this.decoder, this.directory);
    metadata.uint32("general.quantization_version", QUANTIZATION_VERSION);
    await writeTokenizerMetadata(metadata, this.directory, this.#config, {
      vocabularySize: this.decoder.vocabularySize,
      preTokenizer: this.#options.preTokenizer,
      warn: this.#options.warn,
      isLlamaFamily: this.architecture.isLlamaFamily
    });
    return metadata;
  }

  async close(): Promise<void> {
    await this.weights.close();
  }
}
