import type { Architecture } from "./Architecture.js";
import { readDecoderConfig } from "./DecoderConfig.js";
import { decoderTensors } from "./decoderTensors.js";
import { qwen2 } from "./qwen2.js";
import { withoutLlama3Scaling } from "./withoutLlama3Scaling.js";

/** Qwen 3, dense: Qwen 2 with normalised queries and keys instead of biases. */
export const qwen3: Architecture = {
  ...qwen2,
  huggingFaceNames: ["Qwen3ForCausalLM"],
  ggufName: "qwen3",

  readConfig(config) {
    return withoutLlama3Scaling(readDecoderConfig(config, { contextLength: 32_768, headLength: 128 }), config);
  },

  tensors(decoder, config) {
    const attentionBias = config.optionalBoolean("attention_bias") ?? false;
    return decoderTensors(decoder, {
      queryKeyNorm: true,
      queryKeyValueBias: attentionBias,
      attentionOutputBias: attentionBias
    });
  }
};
