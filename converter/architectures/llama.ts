import type { Architecture, ModelDescription } from "./Architecture.js";
import { DECODER_KEYS, positions, readKeys, silu } from "./configKeys.js";
import {
  decoderTensors,
  readDecoder,
  writeDecoderMetadata,
  type DecoderConfig,
  type DecoderFeatures
} from "./decoder.js";
import { readRope, ROPE_FREQUENCIES, ropeFrequencies } from "./rope.js";
import { flag, orElse } from "../../common/json.js";
import { z } from "zod";

const LLAMA_KEYS = {
  ...DECODER_KEYS,
  hidden_act: silu,
  attention_bias: orElse(flag, false),
  mlp_bias: orElse(flag, false)
};

/** Llama 1 to 3.x and the many models that share its graph. */
export const llama: Architecture = {
  title: "Llama 1 to 3.x",
  huggingFaceNames: ["LlamaForCausalLM", "LLaMAForCausalLM"],
  modelTypes: ["llama"],
  ggufName: "llama",
  isLlamaFamily: true,
  mayPool: false,

  describe(file) {
    const { config, warnings } = readKeys(file, LLAMA_KEYS, "LlamaForCausalLM");
    const contextLength = config.max_position_embeddings ?? 2048;
    const rope = readRope(file, { contextLength, scalings: ["linear", "yarn", "llama3"], reader: "LlamaForCausalLM" });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: "derived" });
    return describeLlama(decoder, [...warnings, ...rope.warnings], {
      queryKeyValueBias: config.attention_bias,
      attentionOutputBias: config.attention_bias,
      feedForwardBias: config.mlp_bias
    });
  }
};

const MISTRAL_KEYS = {
  ...DECODER_KEYS,
  hidden_act: silu,
  // Absent, unlike null, means what the reference implementation has by default.
  sliding_window: z.union([positions, z.null()]).default(4096)
};

/** Mistral 7B to Nemo and Small: Llama's graph, stored under Llama's name. */
export const mistral: Architecture = {
  ...llama,
  title: "Mistral",
  huggingFaceNames: ["MistralForCausalLM"],
  modelTypes: ["mistral"],

  describe(file) {
    const { config, warnings } = readKeys(file, MISTRAL_KEYS, "MistralForCausalLM");
    const contextLength = config.max_position_embeddings ?? 131_072;
    const rope = readRope(file, {
      contextLength,
      scalings: ["linear", "yarn", "llama3"],
      reader: "MistralForCausalLM"
    });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: "derived" });
    return describeLlama(
      decoder,
      [...warnings, ...rope.warnings, ...ignoredWindow(config.sliding_window ?? undefined, contextLength)],
      {}
    );
  }
};

function describeLlama(
  decoder: DecoderConfig,
  warnings: readonly string[],
  features: DecoderFeatures
): ModelDescription {
  const { rope, headLength } = decoder;
  return {
    decoder,
    warnings,
    tensors: decoderTensors(decoder, { ...features, interleavedRope: true }),
    computedTensors:
      rope.scaling.type === "llama3"
        ? [{ target: ROPE_FREQUENCIES, values: ropeFrequencies(rope.theta, rope.scaling, headLength) }]
        : [],
    writeMetadata(metadata, fileType) {
      writeDecoderMetadata(metadata, "llama", decoder);
      metadata.uint32("general.file_type", fileType);
      metadata.uint32("llama.vocab_size", decoder.vocabularySize);
      metadata.uint32("llama.rope.dimension_count", decoder.headLength);
    }
  };
}

/** The warning that a sliding window is not kept, unless it is at least as long as the context. */
export function ignoredWindow(window: number | undefined, contextLength: number): string[] {
  if (window === undefined || window >= contextLength) return [];
  return [
    `sliding-window attention (${window} tokens) has no place in this GGUF architecture: as with a stock conversion, ` +
      `every token attends to the whole context, so keep contexts within ${window} tokens`
  ];
}
