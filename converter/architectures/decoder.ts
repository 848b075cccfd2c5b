import { InvalidInputError } from "../../common/errors.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import type { TensorTransform } from "../model/transforms.js";
import type { TensorSpec } from "./Architecture.js";
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

/** Hyperparameters that some decoders have among those that all have. */
export interface FurtherHyperparameters {
  /** The base of layers with a sliding window. */
  readonly slidingTheta?: number;
  /** How many pairs of rotated dimensions go with each of four positions. */
  readonly ropeSections?: readonly number[];
  readonly experts?: { readonly count: number; readonly used: number };
}

/**
 * Writes the hyperparameters every decoder has, in the order a stock conversion does.
 *
 * @param prefix the architecture's GGUF name, which prefixes its keys
 */
export function writeDecoderMetadata(
  metadata: Metadata,
  prefix: string,
  config: DecoderConfig,
  { slidingTheta, ropeSections = [], experts }: FurtherHyperparameters = {}
): void {
  metadata.uint32(`${prefix}.block_count`, config.blockCount);
  metadata.uint32(`${prefix}.context_length`, config.contextLength);
  metadata.uint32(`${prefix}.embedding_length`, config.embeddingLength);
  metadata.uint32(`${prefix}.feed_forward_length`, config.feedForwardLength);
  metadata.uint32(`${prefix}.attention.head_count`, config.headCount);
  metadata.uint32(`${prefix}.attention.head_count_kv`, config.headCountKv);
  writeRopeScaling(metadata, prefix, config.rope);
  metadata.int32s(`${prefix}.rope.dimension_sections`, ropeSections);
  metadata.float32(`${prefix}.rope.freq_base`, config.rope.theta);
  if (slidingTheta !== undefined) metadata.float32(`${prefix}.rope.freq_base_swa`, slidingTheta);
  metadata.float32(`${prefix}.attention.layer_norm_rms_epsilon`, config.rmsNormEpsilon);
  if (experts !== undefined) {
    metadata.uint32(`${prefix}.expert_count`, experts.count);
    metadata.uint32(`${prefix}.expert_used_count`, experts.used);
  }
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

/** Collects the tensors of one decoder block, by their names below `model.layers.N.` and `blk.N.`. */
export class BlockTensors {
  readonly tensors: TensorSpec[] = [];
  readonly #block: number;

  constructor(block: number) {
    this.#block = block;
  }

  add(part: string, target: string, spec: Omit<TensorSpec, "source" | "target" | "parts">): void {
    const source = `model.layers.${this.#block}.${part}`;
    const packed = spec.packedShape === undefined ? {} : { parts: [`${source}_blocks`, `${source}_scales`] };
    this.tensors.push({ ...spec, ...packed, source, target: `blk.${this.#block}.${target}` });
  }

  norm(part: string, target: string, length: number, transforms: readonly TensorTransform[] = []): void {
    this.add(`${part}.weight`, `${target}.weight`, { shape: [length], role: "norm", transforms });
  }

  /** A weight of `[outputs, inputs]` with its bias; the rows of `rotaryHeads` heads are interleaved. */
  linear(
    part: string,
    target: string,
    shape: readonly [number, number],
    {
      bias = false,
      rotaryHeads
    }: { readonly bias?: boolean | undefined; readonly rotaryHeads?: number | undefined } = {}
  ): void {
    const heads = rotaryHeads === undefined ? {} : { rotaryHeads };
    this.add(`${part}.weight`, `${target}.weight`, { shape, role: "linear", ...heads });
    if (bias) this.add(`${part}.bias`, `${target}.bias`, { shape: [shape[0]], role: "bias", ...heads });
  }

  /** The experts of a mixture, each stored by itself, as one stack of weights of `[outputs, inputs]`. */
  experts(
    part: (expert: number) => string,
    target: string,
    count: number,
    [outputs, inputs]: readonly [number, number]
  ): void {
    const name = (expert: number | "*"): string => `model.layers.${this.#block}.${part(expert as number)}.weight`;
    this.tensors.push({
      source: name("*"),
      parts: Array.from({ length: count }, (_, expert) => name(expert)),
      target: `blk.${this.#block}.${target}.weight`,
      shape: [count, outputs, inputs],
      storedShape: [outputs, inputs],
      role: "experts"
    });
  }

  /** Query, key, value and output projections under their usual names. */
  attention(config: DecoderConfig, features: DecoderFeatures = {}): void {
    const { embeddingLength, headLength, headCount, headCountKv } = config;
    const bias = features.queryKeyValueBias;
    const heads = (count: number): { rotaryHeads?: number } =>
      features.interleavedRope === true ? { rotaryHeads: count } : {};
    this.linear("self_attn.q_proj", "attn_q", [headCount * headLength, embeddingLength], { bias, ...heads(headCount) });
    this.linear("self_attn.k_proj", "attn_k", [headCountKv * headLength, embeddingLength], {
      bias,
      ...heads(headCountKv)
    });
    this.linear("self_attn.v_proj", "attn_v", [headCountKv * headLength, embeddingLength], { bias });
    this.linear("self_attn.o_proj", "attn_output", [embeddingLength, headCount * headLength], {
      bias: features.attentionOutputBias
    });
  }

  /** Gate, up and down projections under their usual names. */
  feedForward({ embeddingLength, feedForwardLength }: DecoderConfig, bias = false): void {
    this.linear("mlp.gate_proj", "ffn_gate", [feedForwardLength, embeddingLength], { bias });
    this.linear("mlp.up_proj", "ffn_up", [feedForwardLength, embeddingLength], { bias });
    this.linear("mlp.down_proj", "ffn_down", [embeddingLength, feedForwardLength], { bias });
  }
}

/**
 * The tensors of a decoder: embedding, final norm, head unless it is the embedding, and blocks.
 *
 * @param addBlock adds the tensors of one block
 */
export function modelTensors(
  { vocabularySize, embeddingLength, tiedEmbeddings, blockCount }: DecoderConfig,
  addBlock: (tensors: BlockTensors, block: number) => void,
  normTransforms: readonly TensorTransform[] = []
): TensorSpec[] {
  const matrix = [vocabularySize, embeddingLength];
  const tensors: TensorSpec[] = [
    { source: "model.embed_tokens.weight", target: "token_embd.weight", shape: matrix, role: "embedding" },
    {
      source: "model.norm.weight",
      target: "output_norm.weight",
      shape: [embeddingLength],
      role: "norm",
      transforms: normTransforms
    }
  ];
  if (!tiedEmbeddings) {
    tensors.push({ source: "lm_head.weight", target: "output.weight", shape: matrix, role: "output" });
  }
  for (let block = 0; block < blockCount; block++) {
    const added = new BlockTensors(block);
    addBlock(added, block);
    tensors.push(...added.tensors);
  }
  return tensors;
}

/** All tensors of a decoder-only transformer with gated feed-forward blocks and RMS norms. */
export function decoderTensors(config: DecoderConfig, features: DecoderFeatures): TensorSpec[] {
  return modelTensors(config, (block) => {
    block.norm("input_layernorm", "attn_norm", config.embeddingLength);
    block.norm("post_attention_layernorm", "ffn_norm", config.embeddingLength);
    if (features.queryKeyNorm === true) {
      block.norm("self_attn.q_norm", "attn_q_norm", config.headLength);
      block.norm("self_attn.k_norm", "attn_k_norm", config.headLength);
    }
    block.attention(config, features);
    block.feedForward(config, features.feedForwardBias);
  });
}
