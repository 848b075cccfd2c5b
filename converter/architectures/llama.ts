import type { Architecture } from "./Architecture.js";
import { ROPE_FREQUENCIES } from "./ComputedTensor.js";
import { readDecoderConfig } from "./DecoderConfig.js";
import { decoderTensors } from "./decoderTensors.js";
import { ropeFrequencies } from "./ropeFrequencies.js";

/** Llama 1 to 3.x and the many models that share its graph. */
export const llama: Architecture = {
  huggingFaceNames: ["LlamaForCausalLM", "LLaMAForCausalLM"],
  ggufName: "llama",
  isLlamaFamily: true,

  readConfig(config) {
    return readDecoderConfig(config, { contextLength: 2048, headLength: "derived" });
  },

  tensors(decoder, config) {
    const attentionBias = config.optionalBoolean("attention_bias") ?? false;
    return decoderTensors(decoder, {
      interleavedRope: true,
      queryKeyValueBias: attentionBias,
      attentionOutputBias: attentionBias,
      feedForwardBias: config.optionalBoolean("mlp_bias") ?? false
    });
  },

  computedTensors({ rope, headLength }) {
    if (rope.scaling.type !== "llama3") return [];
    return [{ target: ROPE_FREQUENCIES, values: ropeFrequencies(rope.theta, rope.scaling, headLength) }];
  },

  writeExtraMetadata(metadata, decoder) {
    metadata.uint32("llama.vocab_size", decoder.vocabularySize);
    metadata.uint32("llama.rope.dimension_count", decoder.headLength);
    return Promise.resolve();
  },

  warnings() {
    return [];
  }
};
