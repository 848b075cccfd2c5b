import type { Architecture } from "./Architecture.js";
import { readDecoderConfig } from "./DecoderConfig.js";
import { decoderTensors } from "./decoderTensors.js";
import { llama } from "./llama.js";

/** Mistral 7B to Nemo and Small: Llama's graph, stored under Llama's name. */
export const mistral: Architecture = {
  ...llama,
  huggingFaceNames: ["MistralForCausalLM"],

  readConfig(config) {
    return readDecoderConfig(config, { contextLength: 131_072, headLength: "derived" });
  },

  tensors(decoder) {
    return decoderTensors(decoder, { interleavedRope: true });
  },

  warnings(config) {
    const window = config.optionalInteger("sliding_window");
    if (window === undefined) return [];
    return [
      `sliding-window attention (${window} tokens) has no place in this GGUF architecture: as with a stock conversion, ` +
        `every token attends to the whole context, so keep contexts within ${window} tokens`
    ];
  }
};
