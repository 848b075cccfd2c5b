import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import { anyObject, checkJson, flag, listOf, oneOf, optional, orElse, real, whole } from "../../common/json.js";
import { map } from "../model/transforms.js";
import type { Architecture } from "./Architecture.js";
import {
  absent,
  DECODER_KEYS,
  MAX_VOCABULARY,
  positions,
  readKeys,
  silu,
  size,
  type ConfigFile
} from "./configKeys.js";
import { modelTensors, readDecoder, writeDecoderMetadata } from "./decoder.js";
import { readRope } from "./rope.js";

// Architectures with norms behind attention and feed-forward.

const OLMO2_KEYS = {
  ...DECODER_KEYS,
  hidden_act: silu,
  rms_norm_eps: orElse(real(0, 1), 1e-5),
  attention_bias: absent("attention biases")
};

/** OLMo 2: norms behind instead of in front, and over all queries and all keys. */
export const olmo2: Architecture = {
  title: "OLMo 2",
  huggingFaceNames: ["Olmo2ForCausalLM"],
  modelTypes: ["olmo2"],
  ggufName: "olmo2",
  isLlamaFamily: false,
  mayPool: false,

  describe(file) {
    const reader = "Olmo2ForCausalLM";
    const { config, warnings } = readKeys(file, OLMO2_KEYS, reader);
    const contextLength = config.max_position_embeddings ?? 2048;
    const rope = readRope(file, { contextLength, scalings: ["linear", "yarn"], reader });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: undefined });
    const { embeddingLength, headCount, headCountKv, headLength } = decoder;
    if (headCount * headLength !== embeddingLength || decoder.tiedEmbeddings) {
      throw new InvalidInputError(
        `${file.source}: llama.cpp needs heads that make up the hidden_size and an output head of its own for this ` +
          "architecture"
      );
    }
    return {
      decoder,
      warnings: [...warnings, ...rope.warnings],
      computedTensors: [],
      tensors: modelTensors(decoder, (block) => {
        block.attention(decoder);
        block.norm("self_attn.q_norm", "attn_q_norm", headCount * headLength);
        block.norm("self_attn.k_norm", "attn_k_norm", headCountKv * headLength);
        block.norm("post_attention_layernorm", "post_attention_norm", embeddingLength);
        block.feedForward(decoder);
        block.norm("post_feedforward_layernorm", "post_ffw_norm", embeddingLength);
      }),
      writeMetadata(metadata, fileType) {
        writeDecoderMetadata(metadata, "olmo2", decoder);
        metadata.uint32("general.file_type", fileType);
      }
    };
  }
};

const GEMMA3_KEYS = {
  ...DECODER_KEYS,
  vocab_size: orElse(whole(1, MAX_VOCABULARY), 262_208),
  hidden_size: orElse(size, 2304),
  intermediate_size: orElse(size, 9216),
  num_hidden_layers: orElse(DECODER_KEYS.num_hidden_layers, 26),
  num_attention_heads: orElse(size, 8),
  num_key_value_heads: orElse(size, 4),
  head_dim: orElse(size, 256),
  tie_word_embeddings: orElse(flag, true),
  hidden_activation: orElse(oneOf("gelu_pytorch_tanh"), "gelu_pytorch_tanh"),
  attention_bias: absent("attention biases"),
  use_bidirectional_attention: absent("attention to later tokens"),
  attn_logit_softcapping: absent("a cap on attention scores"),
  final_logit_softcapping: orElse(real(0, 1e6), 0),
  query_pre_attn_scalar: orElse(real(1e-3, 1e6), 256),
  sliding_window: orElse(positions, 4096),
  sliding_window_pattern: orElse(whole(1, 512), 6),
  _sliding_window_pattern: optional(z.unknown()),
  layer_types: optional(listOf(oneOf("full_attention", "sliding_attention"))),
  rope_local_base_freq: optional(real(1, 1e15)),
  cache_implementation: optional(z.unknown())
};

/** Every sixth layer of a Gemma 3 attends to everything; llama.cpp assumes so. */
const GLOBAL_LAYERS = 6;

/** llama.cpp takes a model of so many layers for the one of 27B parameters, which scales attention otherwise. */
const LAYERS_27B = 62;

/** The norm of a Gemma multiplies by one more than its weight. */
const PLUS_ONE = [map((value) => Math.fround(value + 1))];

/** Gemma 3, text. */
export const gemma3: Architecture = {
  title: "Gemma 3 (text)",
  huggingFaceNames: ["Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"],
  modelTypes: ["gemma3_text", "gemma3"],
  ggufName: "gemma3",
  isLlamaFamily: false,
  mayPool: false,
  addsNoSpacePrefix: true,

  describe(file) {
    const reader = "Gemma3ForCausalLM";
    const { config, warnings } = readKeys(file, GEMMA3_KEYS, reader);
    const contextLength = config.max_position_embeddings ?? 131_072;
    const rope = readRope(file, { contextLength, scalings: ["linear"], reader, defaultTheta: 1_000_000 });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: 256 });
    const { embeddingLength, headCount, headLength, blockCount } = decoder;
    const scale = blockCount === LAYERS_27B ? Math.floor(embeddingLength / headCount) : headLength;
    if (config.query_pre_attn_scalar !== scale) {
      throw new InvalidInputError(
        `"query_pre_attn_scalar" in ${file.source} should be ${scale}, which llama.cpp assumes for this model, found ` +
          String(config.query_pre_attn_scalar)
      );
    }
    const slides = slidingLayers(file.source, config);
    return {
      decoder,
      warnings: [...warnings, ...rope.warnings],
      computedTensors: [],
      tensors: modelTensors(
        decoder,
        (block) => {
          block.norm("input_layernorm", "attn_norm", embeddingLength, PLUS_ONE);
          block.attention(decoder);
          block.norm("self_attn.q_norm", "attn_q_norm", headLength, PLUS_ONE);
          block.norm("self_attn.k_norm", "attn_k_norm", headLength, PLUS_ONE);
          block.norm("post_attention_layernorm", "post_attention_norm", embeddingLength, PLUS_ONE);
          block.norm("pre_feedforward_layernorm", "ffn_norm", embeddingLength, PLUS_ONE);
          block.feedForward(decoder);
          block.norm("post_feedforward_layernorm", "post_ffw_norm", embeddingLength, PLUS_ONE);
        },
        PLUS_ONE
      ),
      writeMetadata(metadata, fileType) {
        writeDecoderMetadata(metadata, "gemma3", decoder, { slidingTheta: slidingTheta(file, config) });
        metadata.uint32("general.file_type", fileType);
        if (config.final_logit_softcapping > 0) {
          metadata.float32("gemma3.final_logit_softcapping", config.final_logit_softcapping);
        }
        if (slides) metadata.uint32("gemma3.attention.sliding_window", config.sliding_window);
      }
    };
  }
};

/**
 * Whether layers slide as llama.cpp assumes.
 *
 * @throws {InvalidInputError} some do, but not all save every sixth
 */
function slidingLayers(
  source: string,
  {
    layer_types: types,
    num_hidden_layers: layers,
    sliding_window_pattern: pattern
  }: { layer_types: readonly string[] | undefined; num_hidden_layers: number; sliding_window_pattern: number }
): boolean {
  const slides =
    types?.map((type) => type === "sliding_attention") ??
    Array.from({ length: layers }, (_, i) => (i + 1) % pattern !== 0);
  if (!slides.includes(true)) return false;
  if (slides.length === layers && slides.every((value, i) => value === ((i + 1) % GLOBAL_LAYERS !== 0))) return true;
  throw new InvalidInputError(
    `"layer_types" in ${source} should have a window on all layers save every sixth, as llama.cpp assumes, or on none`
  );
}

/** @throws {InvalidInputError} the layers with a window have a scaling, which llama.cpp does not apply to them */
function slidingTheta({ source, values }: ConfigFile, config: { rope_local_base_freq: number | undefined }): number {
  const { rope_parameters: parameters } = checkJson(source, values, z.object({ rope_parameters: optional(anyObject) }));
  const inner = checkJson(
    source,
    parameters?.["sliding_attention"] ?? {},
    z.object({
      rope_theta: optional(real(1, 1e15)),
      rope_type: orElse(oneOf("default"), "default")
    })
  );
  return inner.rope_theta ?? config.rope_local_base_freq ?? 10_000;
}
