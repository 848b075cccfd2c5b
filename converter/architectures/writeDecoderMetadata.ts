import type { Metadata } from "../../common/gguf/Metadata.js";
import type { DecoderConfig } from "./DecoderConfig.js";

/**
 * Writes the hyperparameters every decoder has, in the order a stock conversion does.
 *
 * @param prefix the architecture's GGUF name, which prefixes its keys
 */
export function writeDecoderMetadata(metadata: Metadata, prefix: string, config: DecoderConfig): void {
  metadata.uint32(`${prefix}.block_count`, config.blockCount);
  metadata.uint32(`${prefix}.context_length`, config.contextLength);
  metadata.uint32(`${prefix}.embedding_length`, config.embeddingLength);
  metadata.uint32(`${prefix}.feed_forward_length`, config.feedForwardLength);
  metadata.uint32(`${prefix}.attention.head_count`, config.headCount);
  metadata.uint32(`${prefix}.attention.head_count_kv`, config.headCountKv);
  writeRopeScaling(metadata, prefix, config);
  metadata.float32(`${prefix}.rope.freq_base`, config.rope.theta);
  metadata.float32(`${prefix}.attention.layer_norm_rms_epsilon`, config.rmsNormEpsilon);
  if (config.statesHeadLength) {
    metadata.uint32(`${prefix}.attention.key_length`, config.headLength);
    metadata.uint32(`${prefix}.attention.value_length`, config.headLength);
  }
}

function writeRopeScaling(metadata: Metadata, prefix: string, { rope }: DecoderConfig): void {
  const { scaling } = rope;
  const float32 = (key: string, value: number | undefined): void => {
    if (value !== undefined) metadata.float32(`${prefix}.rope.scaling.${key}`, value);
  };
  switch (scaling.type) {
    case "none":
    case "llama3": // carried by the rope_freqs tensor instead
      return;
    case "linear":
      metadata.string(`${prefix}.rope.scaling.type`, scaling.type);
      float32("factor", scaling.factor);
      return;
    case "yarn":
      metadata.string(`${prefix}.rope.scaling.type`, scaling.type);
      float32("factor", scaling.factor);
      metadata.uint32(`${prefix}.rope.scaling.original_context_length`, scaling.originalContextLength);
      float32("yarn_ext_factor", scaling.extrapolationFactor);
      float32("yarn_attn_factor", scaling.attentionFactor);
      float32("yarn_beta_fast", scaling.betaFast);
      float32("yarn_beta_slow", scaling.betaSlow);
  }
}
