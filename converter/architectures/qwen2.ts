import { readPoolingType } from "../huggingFace/readPoolingType.js";
import type { Architecture } from "./Architecture.js";
import { readDecoderConfig } from "./DecoderConfig.js";
import { decoderTensors } from "./decoderTensors.js";
import { withoutLlama3Scaling } from "./withoutLlama3Scaling.js";

/** Qwen 1.5, 2 and 2.5, dense. */
export const qwen2: Architecture = {
  huggingFaceNames: ["Qwen2ForCausalLM"],
  ggufName: "qwen2",
  isLlamaFamily: false,

  readConfig(config) {
    return withoutLlama3Scaling(readDecoderConfig(config, { contextLength: 32_768, headLength: undefined }), config);
  },

  tensors(decoder) {
    return decoderTensors(decoder, { queryKeyValueBias: true });
  },

  computedTensors() {
    return [];
  },

  async writeExtraMetadata(metadata, _decoder, directory) {
    const pooling = await readPoolingType(directory);
    if (pooling !== undefined) metadata.uint32(`${this.ggufName}.pooling_type`, pooling);
  },

  warnings(config) {
    if (config.optionalBoolean("use_sliding_window") !== true) return [];
    return [
      "config.json turns sliding-window attention on, which has no place in this GGUF architecture: as with a stock " +
        "conversion, every token attends to the whole context"
    ];
  }
};
