import { InvalidInputError } from "../../common/errors.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import type { TensorRole, TensorSpec } from "./Architecture.js";
import { writeRopeScaling, type RopeParameters } from "./rope.js";

/** The hyperparameters all supported decoder-only transformers share. */
export interface DecoderConfig {
  readonly blockCount: number;
  readonly contextLength: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly headCount: number;
  readonly headCountKv: number;
  readonly headLength: number;
  /** Whether the head length is written, rather than left to be derived from embedding length and head count. */
  readonly statesHeadLength: boolean;
  readonly rmsNormEpsilon: number;
  readonly vocabularySize: number;
  readonly tiedEmbeddings: boolean;
  readonly rope: RopeParameters;
}

/** What an architecture assumes where config.json is silent, as its reference implementation does. */
export interface DecoderDefaults {
  /** A fixed head length, `"derived"` for embedding length over heads and stated, or undefined for the same unstated. */
  readonly headLength: number | "derived" | undefined;
}

/** The values of `DECODER_KEYS` that a decoder's shape comes from. */
interface DecoderKeys {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number | undefined;
  readonly head_dim: number | undefined;
  readonly rms_norm_eps: number;
  readonly tie_word_embeddings: boolean;
}

/**
 * @param source config.json, for errors
 * @throws {InvalidInputError} the values contradict each other
 */
export function readDecoder(
  source: string,
  config: DecoderKeys,
  { rope, contextLength }: { readonly rope: RopeParameters; readonly contextLength: number },
  defaults: DecoderDefaults
): DecoderConfig {
  const { hidden_size: embeddingLength, num_attention_heads: headCount, head_dim: stated } = config;
  const headCountKv = config.num_key_value_heads ?? headCount;
  const fixed = typeof defaults.headLength === "number" ? defaults.headLength : undefined;
  const headLength = stated ?? fixed ?? embeddingLength / headCount;

  if (!Number.isInteger(headLength)) {
    throw new InvalidInputError(
      `${source}: hidden_size ${embeddingLength} is not a multiple of num_attention_heads ${headCount}`
    );
  }
  if (headLength % 2 !== 0) {
    throw new InvalidInputError(`${source}: a head of ${headLength} dimensions cannot be rotated in pairs`);
  }
  if (headCount % headCountKv !== 0) {
    throw new InvalidInputError(
      `${source}: num_attention_heads ${headCount} is not a multiple of num_key_value_heads ${headCountKv}`
    );
  }
  return {
    blockCount: config.num_hidden_layers,
    contextLength,
    embeddingLength,
    feedForwardLength: config.intermediate_size,
    headCount,
    headCountKv,
    headLength,
    statesHeadLength: stated !== undefined || defaults.headLength !== undefined,
    rmsNormEpsilon: config.rms_norm_eps,
    vocabularySize: config.vocab_size,
    tiedEmbeddings: config.tie_word_embeddings,
    rope
  };
}

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
  writeRopeScaling(metadata, prefix, config.rope);
  metadata.float32(`${prefix}.rope.freq_base`, config.rope.theta);
  metadata.float32(`${prefix}.attention.layer_norm_rms_epsilon`, config.rmsNormEpsilon);
  if (config.statesHeadLength) {
    metadata.uint32(`${prefix}.attention.key_length`, config.headLength);
    metadata.uint32(`${prefix}.attention.value_length`, config.headLength);
  }
}

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
