import type { DecoderConfig } from "./DecoderConfig.js";
import type { TensorRole, TensorSpec } from "./TensorSpec.js";

/** Which optional parts an architecture's decoder block has. */
export interface DecoderFeatures {
  /** Bias on the query, key and value projections. */
  readonly queryKeyValueBias?: boolean;
  /** Bias on the attention output projection. */
  readonly attentionOutputBias?: boolean;
  /** Bias on the feed-forward projections. */
  readonly feedForwardBias?: boolean;
  /** RMS norms on each query and key head. */
  readonly queryKeyNorm?: boolean;
  /** Whether query and key rows must be reordered for llama.cpp's interleaved rope. */
  readonly interleavedRope?: boolean;
}

/** All tensors of a decoder-only transformer with gated feed-forward blocks and RMS norms. */
export function decoderTensors(config: DecoderConfig, features: DecoderFeatures): TensorSpec[] {
  const { embeddingLength, feedForwardLength, headLength, vocabularySize } = config;
  const queryLength = config.headCount * headLength;
  const keyLength = config.headCountKv * headLength;
  const tensors: TensorSpec[] = [
    {
      source: "model.embed_tokens.weight",
      target: "token_embd.weight",
      shape: [vocabularySize, embeddingLength],
      role: "embedding"
    },
    { source: "model.norm.weight", target: "output_norm.weight", shape: [embeddingLength], role: "norm" }
  ];
  if (!config.tiedEmbeddings) {
    tensors.push({
      source: "lm_head.weight",
      target: "output.weight",
      shape: [vocabularySize, embeddingLength],
      role: "output"
    });
  }

  for (let block = 0; block < config.blockCount; block++) {
    const add = (
      part: string,
      target: string,
      shape: readonly number[],
      role: TensorRole,
      rotaryHeads?: number
    ): void => {
      tensors.push({
        source: `model.layers.${block}.${part}`,
        target: `blk.${block}.${target}`,
        shape,
        role,
        ...(rotaryHeads === undefined ? {} : { rotaryHeads })
      });
    };
    const addLinear = (
      part: string,
      target: string,
      [outputs, inputs]: readonly [number, number],
      hasBias = false,
      rotaryHeads?: number
    ): void => {
      add(`${part}.weight`, `${target}.weight`, [outputs, inputs], "linear", rotaryHeads);
      if (hasBias) add(`${part}.bias`, `${target}.bias`, [outputs], "bias", rotaryHeads);
    };
    const { queryKeyValueBias, attentionOutputBias, feedForwardBias } = features;
    const queryHeads = features.interleavedRope === true ? config.headCount : undefined;
    const keyHeads = features.interleavedRope === true ? config.headCountKv : undefined;

    add("input_layernorm.weight", "attn_norm.weight", [embeddingLength], "norm");
    add("post_attention_layernorm.weight", "ffn_norm.weight", [embeddingLength], "norm");
    if (features.queryKeyNorm === true) {
      add("self_attn.q_norm.weight", "attn_q_norm.weight", [headLength], "norm");
      add("self_attn.k_norm.weight", "attn_k_norm.weight", [headLength], "norm");
    }
    addLinear("self_attn.q_proj", "attn_q", [queryLength, embeddingLength], queryKeyValueBias, queryHeads);
    addLinear("self_attn.k_proj", "attn_k", [keyLength, embeddingLength], queryKeyValueBias, keyHeads);
    addLinear("self_attn.v_proj", "attn_v", [keyLength, embeddingLength], queryKeyValueBias);
    addLinear("self_attn.o_proj", "attn_output", [embeddingLength, queryLength], attentionOutputBias);
    addLinear("mlp.gate_proj", "ffn_gate", [feedForwardLength, embeddingLength], feedForwardBias);
    addLinear("mlp.up_proj", "ffn_up", [feedForwardLength, embeddingLength], feedForwardBias);
    addLinear("mlp.down_proj", "ffn_down", [embeddingLength, feedForwardLength], feedForwardBias);
  }
  return tensors;
}
