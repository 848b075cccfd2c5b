import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import { checkJson, flag, listOf, orElse, oneOf, optional, real, whole } from "../../common/json.js";
import type { Architecture, ModelDescription } from "./Architecture.js";
import { absent, DECODER_KEYS, multiplier, positions, readKeys, silu } from "./configKeys.js";
import {
  decoderTensors,
  readDecoder,
  writeDecoderMetadata,
  type DecoderConfig,
  type DecoderFeatures
} from "./decoder.js";
import { ignoredWindow, llama } from "./llama.js";
import { readRope } from "./rope.js";

// Llama's layers under names of their own, each with what its graph in llama.cpp does besides.

/** Every fourth layer of a SmolLM3 has no rotary embedding; llama.cpp assumes so. */
const ROTATED_LAYERS = 4;

const SMOLLM3_KEYS = {
  ...DECODER_KEYS,
  hidden_act: silu,
  tie_word_embeddings: orElse(flag, true),
  attention_bias: absent("attention biases"),
  mlp_bias: absent("feed-forward biases"),
  no_rope_layers: optional(listOf(whole(0, 1))),
  no_rope_layer_interval: orElse(whole(1, 2 ** 31 - 1), ROTATED_LAYERS),
  use_sliding_window: orElse(flag, false),
  sliding_window: optional(positions),
  layer_types: optional(listOf(oneOf("full_attention", "sliding_attention")))
};

/** SmolLM3. */
export const smolLm3: Architecture = {
  ...llama,
  title: "SmolLM3",
  huggingFaceNames: ["SmolLM3ForCausalLM"],
  modelTypes: ["smollm3"],
  ggufName: "smollm3",

  describe(file) {
    const reader = "SmolLM3ForCausalLM";
    const { config, warnings } = readKeys(file, SMOLLM3_KEYS, reader);
    const contextLength = config.max_position_embeddings ?? 32_768;
    const rope = readRope(file, { contextLength, scalings: ["linear", "yarn"], reader, defaultTheta: 2_000_000 });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: undefined });
    const rotated =
      config.no_rope_layers ??
      Array.from({ length: decoder.blockCount }, (_, i) => Math.sign((i + 1) % config.no_rope_layer_interval));
    const isExpected = (value: number, i: number): boolean => (value === 0) === ((i + 1) % ROTATED_LAYERS === 0);
    if (rotated.length < decoder.blockCount || !rotated.slice(0, decoder.blockCount).every(isExpected)) {
      throw new InvalidInputError(
        `"no_rope_layers" in ${file.source} should leave out every fourth layer, as llama.cpp assumes`
      );
    }
    const window = config.use_sliding_window ? config.sliding_window : undefined;
    return describeVariant("smollm3", decoder, {}, [
      ...warnings,
      ...rope.warnings,
      ...ignoredWindow(window, contextLength)
    ]);
  }
};

const GRANITE_KEYS = {
  ...DECODER_KEYS,
  hidden_act: silu,
  attention_bias: orElse(flag, false),
  mlp_bias: orElse(flag, false),
  attention_multiplier: orElse(multiplier, 1),
  embedding_multiplier: orElse(multiplier, 1),
  residual_multiplier: orElse(multiplier, 1),
  logits_scaling: orElse(multiplier, 1)
};

/** Granite 3, dense. */
export const granite: Architecture = {
  ...llama,
  title: "Granite 3",
  huggingFaceNames: ["GraniteForCausalLM"],
  modelTypes: ["granite"],
  ggufName: "granite",

  describe(file) {
    const reader = "GraniteForCausalLM";
    const { config, warnings } = readKeys(file, GRANITE_KEYS, reader);
    const contextLength = config.max_position_embeddings ?? 2048;
    const rope = readRope(file, { contextLength, scalings: ["linear", "yarn"], reader });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: undefined });
    const features = {
      queryKeyValueBias: config.attention_bias,
      attentionOutputBias: config.attention_bias,
      feedForwardBias: config.mlp_bias
    };
    return describeVariant(
      "granite",
      decoder,
      features,
      [...warnings, ...rope.warnings],
      [
        ["attention.scale", config.attention_multiplier],
        ["embedding_scale", config.embedding_multiplier],
        ["residual_scale", config.residual_multiplier],
        ["logit_scale", config.logits_scaling]
      ]
    );
  }
};

const MINISTRAL3_KEYS = {
  ...DECODER_KEYS,
  hidden_act: silu,
  sliding_window: optional(positions)
};

const TEMPERATURE = z.object({ llama_4_scaling_beta: orElse(real(0, 1000), 0) });

/** Ministral 3, and the text part of Mistral Small 3.1 and later. */
export const ministral3: Architecture = {
  ...llama,
  title: "Ministral 3 and Mistral Small 3.x",
  huggingFaceNames: ["Ministral3ForCausalLM", "Mistral3ForConditionalGeneration"],
  modelTypes: ["ministral3", "mistral3", "mistral"],
  ggufName: "mistral3",

  describe(file) {
    const reader = "Ministral3ForCausalLM";
    const { config, warnings } = readKeys(file, MINISTRAL3_KEYS, reader);
    const contextLength = config.max_position_embeddings ?? 262_144;
    const rope = readRope(file, { contextLength, scalings: ["linear", "yarn", "llama3"], reader, readsYarn: true });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: 128 });
    const { scaling } = rope.rope;
    const beta = checkJson(
      file.source,
      file.values["rope_parameters"] ?? file.values["rope_scaling"] ?? {},
      TEMPERATURE
    );
    const further: [string, number][] = [];
    if (scaling.type === "yarn") {
      if (scaling.logMultiplier !== undefined && scaling.logMultiplier !== 0) {
        further.push(["rope.scaling.yarn_log_multiplier", scaling.logMultiplier]);
      }
      if (beta.llama_4_scaling_beta !== 0) further.push(["attention.temperature_scale", beta.llama_4_scaling_beta]);
    }
    return describeVariant(
      "mistral3",
      decoder,
      {},
      [...warnings, ...rope.warnings, ...ignoredWindow(config.sliding_window, contextLength)],
      further
    );
  }
};

function describeVariant(
  ggufName: string,
  decoder: DecoderConfig,
  features: DecoderFeatures,
  warnings: readonly string[],
  further: readonly (readonly [string, number])[] = []
): ModelDescription {
  return {
    decoder,
    warnings,
    tensors: decoderTensors(decoder, { ...features, interleavedRope: true }),
    computedTensors: [],
    writeMetadata(metadata, fileType) {
      writeDecoderMetadata(metadata, ggufName, decoder);
      metadata.uint32("general.file_type", fileType);
      metadata.uint32(`${ggufName}.vocab_size`, decoder.vocabularySize);
      metadata.uint32(`${ggufName}.rope.dimension_count`, decoder.headLength);
      for (const [key, value] of further) metadata.float32(`${ggufName}.${key}`, value);
    }
  };
}
