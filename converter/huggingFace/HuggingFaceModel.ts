import { z } from "zod";
import { QUANTIZATION_VERSION } from "../../common/gguf/encodeGgufHeader.js";
import { Metadata } from "../../common/gguf/Metadata.js";
import { anyObject, checkJson, optional } from "../../common/json.js";
import type { Architecture, ComputedTensor, ModelDescription, TensorSpec } from "../architectures/Architecture.js";
import { quantizationOf, type ConfigFile } from "../architectures/configKeys.js";
import { findArchitecture } from "../architectures/findArchitecture.js";
import { writeGeneralMetadata } from "../metadata/generalMetadata.js";
import { readEndTokens, readGenerationConfig, writeEndTokens } from "../metadata/generationConfig.js";
import { matchTensors, withOptionalHead } from "../model/matchTensors.js";
import { countParameters, type ModelTensor, type OpenModelOptions, type SourceModel } from "../model/SourceModel.js";
import { SafetensorsModel } from "../safetensors/SafetensorsModel.js";
import { writeTokenizerMetadata } from "../tokenizers/writeTokenizerMetadata.js";
import { JsonObject } from "./JsonObject.js";
import { ModelDirectory } from "./ModelDirectory.js";
import { readPoolingType } from "./readPoolingType.js";

/** Buffers older checkpoints carry that are computed from the configuration. */
const COMPUTED_BUFFERS =
  /(^|\.)(rotary_emb\.(original_)?inv_freq|rotary_emb\.(cos|sin)_cached|attention\.(masked_)?bias|causal_mask|position_ids)$/;

/** What precedes the names of a decoder's tensors. */
const PREFIXES = ["model.", "", "model.language_model.", "language_model.model.", "language_model."];

/** What an output head is called. */
const HEADS = ["lm_head.weight", "language_model.lm_head.weight"];

/** Tensors of a model with other senses than text; a projector file of llama.cpp holds those. */
const OTHER_SENSES = /^(model\.)?(visual|vision_tower|vision_model|audio_tower|multi_modal_projector)\./;

/** A model directory in Hugging Face form; what is written is what a stock conversion writes, in its order. */
export class HuggingFaceModel implements SourceModel {
  readonly weights: SafetensorsModel;
  readonly tensors: readonly ModelTensor[];
  readonly #directory: ModelDirectory;
  readonly #architecture: Architecture;
  readonly #config: ConfigFile;
  readonly #description: ModelDescription;
  readonly #options: OpenModelOptions;

  private constructor(
    directory: ModelDirectory,
    config: ConfigFile,
    architecture: Architecture,
    description: ModelDescription,
    weights: SafetensorsModel,
    options: OpenModelOptions
  ) {
    this.weights = weights;
    this.#directory = directory;
    this.#config = config;
    this.#architecture = architecture;
    this.#description = description;
    this.#options = options;
    this.tensors = this.#findTensors();
  }

  /** @throws {InvalidInputError} the directory does not hold a whole model of a supported architecture */
  static async open(path: string, options: OpenModelOptions): Promise<HuggingFaceModel> {
    const directory = await ModelDirectory.open(path);
    // Weights first: a directory that holds none, or another format, is the likeliest mistake.
    const weights = await SafetensorsModel.open(directory, options.warn);
    try {
      const source = directory.pathOf("config.json");
      const values = checkJson(source, await directory.readJsonValue("config.json"), anyObject);
      const { architecture, warnings } = findArchitecture({ source, values });
      const config = textConfig({ source, values });
      const description = architecture.describe(config);
      for (const warning of [...warnings, ...description.warnings]) options.warn(warning);
      return new HuggingFaceModel(directory, config, architecture, description, weights, options);
    } catch (error) {
      await weights.close();
      throw error;
    }
  }

  get architecture(): string {
    return this.#architecture.ggufName;
  }

  get place(): string {
    return this.#directory.path;
  }

  get contextLength(): number {
    return this.#description.decoder.contextLength;
  }

  get computedTensors(): readonly ComputedTensor[] {
    return this.#description.computedTensors;
  }

  async metadata(fileType: number): Promise<Metadata> {
    const { ggufName, isLlamaFamily, mayPool, addsNoSpacePrefix = false } = this.#architecture;
    const { warn, preTokenizer } = this.#options;
    const { source, values } = this.#config;
    const { vocabularySize } = this.#description.decoder;
    const generation = await readGenerationConfig(this.#directory, warn);
    const metadata = new Metadata();
    metadata.string("general.architecture", ggufName);
    this.#description.writeFirst?.(metadata);
    await writeGeneralMetadata(metadata, this.#directory, {
      knownAs: values["_name_or_path"],
      generation,
      ...countParameters(this),
      warn
    });
    this.#description.writeMetadata(metadata, fileType);
    const pooling = mayPool ? await readPoolingType(this.#directory) : undefined;
    if (pooling !== undefined) metadata.uint32(`${ggufName}.pooling_type`, pooling);
    metadata.uint32("general.quantization_version", QUANTIZATION_VERSION);
    await writeTokenizerMetadata(metadata, this.#directory, new JsonObject(source, values), {
      vocabularySize,
      preTokenizer,
      warn,
      isLlamaFamily
    });
    if (addsNoSpacePrefix && this.#directory.has("tokenizer.model")) {
      metadata.bool("tokenizer.ggml.add_space_prefix", false);
    }
    writeEndTokens(metadata, readEndTokens([this.#config, generation], vocabularySize), { source, warn });
    return metadata;
  }

  async close(): Promise<void> {
    await this.weights.close();
  }

  #findTensors(): ModelTensor[] {
    const { weights } = this;
    // A base model saved without its language-model wrapper drops the prefix; one with other senses puts it deeper.
    const prefix = PREFIXES.find((each) => weights.get(`${each}embed_tokens.weight`) !== undefined) ?? "model.";
    const head = HEADS.find((each) => weights.get(each) !== undefined) ?? "lm_head.weight";
    const rename = (name: string): string => (name === "lm_head.weight" ? head : name.replace(/^model\./, prefix));
    const named = withOptionalHead(this.#description.tensors, "lm_head.weight").map((spec): TensorSpec => ({
      ...spec,
      source: rename(spec.source),
      ...(spec.parts === undefined ? {} : { parts: spec.parts.map(rename) })
    }));
    const isOther = (name: string): boolean =>
      COMPUTED_BUFFERS.test(name) ||
      this.#architecture.ignoredTensors?.test(name) === true ||
      (this.#config.isPart === true && OTHER_SENSES.test(name));
    // What was trained in MXFP4 is not quantized by it.
    const isTrained = named.some(({ packedShape }) => packedShape !== undefined);
    const quantization = isTrained ? undefined : quantizationOf(this.#config);
    const tensors = matchTensors(
      named,
      weights.tensors().filter(({ name }) => !isOther(name)),
      {
        place: this.#directory.path,
        shapesFrom: "config.json",
        ifMissing: "The weights are incomplete or belong to another config.json: download the model again.",
        ifUnexpected: "Merge adapters into the weights first, or check that config.json names the right architecture.",
        quantization
      }
    );
    if (quantization !== undefined) {
      this.#options.warn(
        `${this.#config.source} names a quantization (${quantization}), but the weights are plain: they are taken as ` +
          "they are"
      );
    }
    return tensors;
  }
}

/** The configuration of the text part, which models with other senses keep inside theirs. */
function textConfig({ source, values }: ConfigFile): ConfigFile {
  const { text_config: inner } = checkJson(source, values, z.object({ text_config: optional(anyObject) }));
  if (inner === undefined) return { source, values };
  const shared = ["architectures", "tie_word_embeddings", "eos_token_id", "quantization_config", "_name_or_path"];
  const outer = Object.fromEntries(Object.entries(values).filter(([key]) => shared.includes(key)));
  return { source: `"text_config" in ${source}`, values: { ...outer, ...inner }, isPart: true };
}
