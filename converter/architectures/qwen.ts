import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import { flag, listOf, oneOf, optional, orElse, whole } from "../../common/json.js";
import type { Architecture, ModelDescription } from "./Architecture.js";
import { absent, DECODER_KEYS, positions, readKeys, silu, type ConfigFile } from "./configKeys.js";
import {
  decoderTensors,
  readDecoder,
  writeDecoderMetadata,
  type DecoderConfig,
  type DecoderFeatures
} from "./decoder.js";
import { ignoredWindow } from "./llama.js";
import { readRope } from "./rope.js";

const WINDOW_KEYS = {
  use_sliding_window: orElse(flag, false),
  // Absent, unlike null, means what the reference implementation has by default.
  sliding_window: z.union([positions, z.null()]).default(4096),
  max_window_layers: orElse(whole(0, 1e6), 28),
  layer_types: optional(listOf(oneOf("full_attention", "sliding_attention")))
};

const QWEN2_KEYS = {
  ...DECODER_KEYS,
  ...WINDOW_KEYS,
  hidden_act: silu,
  // Biases of queries, keys and values are part of the architecture; the key is not read.
  attention_bias: optional(z.unknown())
};

/** Qwen 1.5, 2 and 2.5, dense. */
export const qwen2: Architecture = {
  title: "Qwen 1.5 to 2.5",
  huggingFaceNames: ["Qwen2ForCausalLM"],
  modelTypes: ["qwen2"],
  ggufName: "qwen2",
  isLlamaFamily: false,
  mayPool: true,

  describe(file) {
    const { config, warnings } = readKeys(file, QWEN2_KEYS, "Qwen2ForCausalLM");
    const contextLength = config.max_position_embeddings ?? 32_768;
    const rope = readRope(file, { contextLength, scalings: ["linear", "yarn"], reader: "Qwen2ForCausalLM" });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: undefined });
    const { headCount, headLength, embeddingLength } = decoder;
    if (headCount * headLength !== embeddingLength) {
      throw new InvalidInputError(
        `${file.source}: ${headCount} heads of ${headLength} dimensions are not the hidden_size ${embeddingLength}, ` +
          "and llama.cpp has no place for other heads in this architecture"
      );
    }
    return describeQwen(
      "qwen2",
      decoder,
      [...warnings, ...rope.warnings, ...windowWarnings(file, config, contextLength)],
      { queryKeyValueBias: true }
    );
  }
};

const QWEN3_KEYS = {
  ...DECODER_KEYS,
  ...WINDOW_KEYS,
  hidden_act: silu,
  attention_bias: absent("a bias on the attention output")
};

/** Qwen 3, dense: Qwen 2 with normalised queries and keys instead of biases. */
export const qwen3: Architecture = {
  ...qwen2,
  title: "Qwen 3",
  huggingFaceNames: ["Qwen3ForCausalLM"],
  modelTypes: ["qwen3"],
  ggufName: "qwen3",

  describe(file) {
    const { config, warnings } = readKeys(file, QWEN3_KEYS, "Qwen3ForCausalLM");
    const contextLength = config.max_position_embeddings ?? 32_768;
    const rope = readRope(file, { contextLength, scalings: ["linear", "yarn"], reader: "Qwen3ForCausalLM" });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: 128 });
    return describeQwen(
      "qwen3",
      decoder,
      [...warnings, ...rope.warnings, ...windowWarnings(file, config, contextLength)],
      { queryKeyNorm: true }
    );
  }
};

function describeQwen(
  ggufName: string,
  decoder: DecoderConfig,
  warnings: readonly string[],
  features: DecoderFeatures
): ModelDescription {
  return {
    decoder,
    warnings,
    tensors: decoderTensors(decoder, features),
    computedTensors: [],
    writeMetadata(metadata, fileType) {
      writeDecoderMetadata(metadata, ggufName, decoder);
      metadata.uint32("general.file_type", fileType);
    }
  };
}

/** @throws {InvalidInputError} `layer_types` is not one entry a layer */
function windowWarnings(
  { source }: ConfigFile,
  config: z.output<z.ZodObject<typeof WINDOW_KEYS>> & { readonly num_hidden_layers: number },
  contextLength: number
): string[] {
  const { layer_types: types, num_hidden_layers: layers, sliding_window: window } = config;
  if (types !== undefined && types.length !== layers) {
    throw new InvalidInputError(
      `"layer_types" in ${source} should have one entry for each of ${layers} layers, found ${types.length}`
    );
  }
  if (!config.use_sliding_window || window === null) return [];
  const slides = types?.includes("sliding_attention") ?? config.max_window_layers < layers;
  return slides ? ignoredWindow(window, contextLength) : [];
}
