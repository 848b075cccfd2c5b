import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import { flag, listOf, oneOf, optional, orElse, real, whole } from "../../common/json.js";
import { each, mxfp4Blocks, takeRows, transpose, type TensorTransform } from "../model/transforms.js";
import type { Architecture, TensorSpec } from "./Architecture.js";
import { absent, DECODER_KEYS, MXFP4, positions, quantizationOf, readKeys, silu, size } from "./configKeys.js";
import { modelTensors, readDecoder, writeDecoderMetadata } from "./decoder.js";
import { ignoredWindow } from "./llama.js";
import { readRope } from "./rope.js";

// Mixtures of experts.

const EXPERT_KEYS = {
  num_experts: optional(size),
  num_local_experts: optional(size),
  num_experts_per_tok: size,
  output_router_logits: optional(z.unknown()),
  router_aux_loss_coef: optional(z.unknown())
};

/** @throws {InvalidInputError} the numbers contradict each other */
function readExperts(
  source: string,
  config: { num_experts: number | undefined; num_local_experts: number | undefined; num_experts_per_tok: number }
): { count: number; used: number } {
  const count = config.num_experts ?? config.num_local_experts;
  if (count === undefined) throw new InvalidInputError(`${source} has no "num_experts"`);
  const used = config.num_experts_per_tok;
  if (used > count) throw new InvalidInputError(`${source}: ${used} of ${count} experts cannot be used for a token`);
  return { count, used };
}

const QWEN3_MOE_KEYS = {
  ...DECODER_KEYS,
  ...EXPERT_KEYS,
  hidden_act: silu,
  moe_intermediate_size: size,
  // llama.cpp makes the chosen experts' weights add up to 1.
  norm_topk_prob: z.literal(true, { error: "true: llama.cpp makes the experts' weights add up to 1" }),
  decoder_sparse_step: orElse(z.literal(1, { error: "1: layers without experts cannot be converted" }), 1),
  mlp_only_layers: orElse(
    listOf(z.unknown()).max(0, { error: "empty: layers without experts cannot be converted" }),
    []
  ),
  attention_bias: absent("attention biases"),
  use_sliding_window: orElse(flag, false),
  sliding_window: optional(positions),
  max_window_layers: optional(z.unknown())
};

/** Qwen 3, mixture of experts. */
export const qwen3Moe: Architecture = {
  title: "Qwen 3 mixtures of experts",
  huggingFaceNames: ["Qwen3MoeForCausalLM"],
  modelTypes: ["qwen3_moe"],
  ggufName: "qwen3moe",
  isLlamaFamily: false,
  mayPool: false,

  describe(file) {
    const reader = "Qwen3MoeForCausalLM";
    const { config, warnings } = readKeys(file, QWEN3_MOE_KEYS, reader);
    const contextLength = config.max_position_embeddings ?? 32_768;
    const experts = readExperts(file.source, config);
    const rope = readRope(file, { contextLength, scalings: ["linear", "yarn"], reader });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: undefined });
    const { embeddingLength, headLength } = decoder;
    const expertLength = config.moe_intermediate_size;
    return {
      decoder,
      warnings: [
        ...warnings,
        ...rope.warnings,
        ...ignoredWindow(config.use_sliding_window ? config.sliding_window : undefined, contextLength)
      ],
      computedTensors: [],
      tensors: modelTensors(decoder, (block) => {
        block.norm("input_layernorm", "attn_norm", embeddingLength);
        block.norm("post_attention_layernorm", "ffn_norm", embeddingLength);
        block.norm("self_attn.q_norm", "attn_q_norm", headLength);
        block.norm("self_attn.k_norm", "attn_k_norm", headLength);
        block.attention(decoder);
        block.add("mlp.gate.weight", "ffn_gate_inp.weight", {
          shape: [experts.count, embeddingLength],
          role: "router"
        });
        const stacks = [
          ["down_proj", "ffn_down_exps", [embeddingLength, expertLength]],
          ["gate_proj", "ffn_gate_exps", [expertLength, embeddingLength]],
          ["up_proj", "ffn_up_exps", [expertLength, embeddingLength]]
        ] as const;
        for (const [part, target, shape] of stacks) {
          block.experts((expert) => `mlp.experts.${expert}.${part}`, target, experts.count, shape);
        }
      }),
      writeMetadata(metadata, fileType) {
        writeDecoderMetadata(metadata, "qwen3moe", decoder, { experts });
        metadata.uint32("general.file_type", fileType);
        metadata.uint32("qwen3moe.expert_feed_forward_length", expertLength);
      }
    };
  }
};

const GPT_OSS_KEYS = {
  ...DECODER_KEYS,
  ...EXPERT_KEYS,
  rms_norm_eps: orElse(real(0, 1), 1e-5),
  hidden_act: silu,
  attention_bias: orElse(z.literal(true, { error: "true: llama.cpp needs the biases" }), true),
  sliding_window: orElse(positions, 128),
  layer_types: optional(listOf(oneOf("full_attention", "sliding_attention"))),
  swiglu_limit: orElse(z.literal(7, { error: "7, which llama.cpp assumes" }), 7),
  experts_per_token: optional(z.unknown()),
  initial_context_length: optional(z.unknown()),
  rope_ntk_alpha: optional(whole(0, 1e6)),
  rope_ntk_beta: optional(whole(0, 1e6))
};

/** Gate and up projections of gpt-oss lie in alternate rows. */
const everySecond = (first: 0 | 1): ((rows: number) => Uint32Array) => {
  return (rows) => Uint32Array.from({ length: rows / 2 }, (_, i) => 2 * i + first);
};

/** Where experts of gpt-oss are: in stacks of transposed matrices, or in MXFP4, in which they were trained. */
function storedExperts(
  [count, outputs, inputs]: readonly [number, number, number],
  isPacked: boolean
): Pick<TensorSpec, "packedShape" | "storedShape"> & { readonly transforms: readonly TensorTransform[] } {
  return isPacked
    ? { packedShape: [count, outputs, inputs], transforms: [mxfp4Blocks] }
    : { storedShape: [count, inputs, outputs], transforms: [transpose] };
}

/** gpt-oss, experts from weights in MXFP4, BF16 or F16: attention sinks, and experts stored as stacks with biases. */
export const gptOss: Architecture = {
  title: "gpt-oss",
  huggingFaceNames: ["GptOssForCausalLM"],
  modelTypes: ["gpt_oss"],
  ggufName: "gpt-oss",
  isLlamaFamily: false,
  mayPool: false,

  describe(file) {
    const reader = "GptOssForCausalLM";
    const { config, warnings } = readKeys(file, GPT_OSS_KEYS, reader);
    const contextLength = config.max_position_embeddings ?? 131_072;
    const experts = readExperts(file.source, config);
    const isPacked = quantizationOf(file) === MXFP4;
    const rope = readRope(file, { contextLength, scalings: ["yarn"], reader, defaultTheta: 150_000, roundsYarn: true });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: 64 });
    const { embeddingLength, feedForwardLength, headCount, blockCount } = decoder;
    if (decoder.tiedEmbeddings) {
      throw new InvalidInputError(`${file.source}: llama.cpp needs an output head of its own for this architecture`);
    }
    const types = config.layer_types;
    const alternates = types?.every((type, i) => type === (i % 2 === 0 ? "sliding_attention" : "full_attention"));
    if (types !== undefined && (types.length !== blockCount || alternates !== true)) {
      throw new InvalidInputError(
        `"layer_types" in ${file.source} should have a window on every other layer from the first, as llama.cpp assumes`
      );
    }
    return {
      decoder,
      warnings: [...warnings, ...rope.warnings],
      computedTensors: [],
      tensors: modelTensors(decoder, (block) => {
        block.norm("input_layernorm", "attn_norm", embeddingLength);
        block.norm("post_attention_layernorm", "post_attention_norm", embeddingLength);
        block.attention(decoder, { queryKeyValueBias: true, attentionOutputBias: true });
        block.add("self_attn.sinks", "attn_sinks.weight", { shape: [headCount], role: "norm" });
        block.add("mlp.router.weight", "ffn_gate_inp.weight", {
          shape: [experts.count, embeddingLength],
          role: "router"
        });
        block.add("mlp.router.bias", "ffn_gate_inp.bias", { shape: [experts.count], role: "bias" });
        block.add("mlp.experts.down_proj", "ffn_down_exps.weight", {
          shape: [experts.count, embeddingLength, feedForwardLength],
          ...storedExperts([experts.count, embeddingLength, feedForwardLength], isPacked),
          role: "experts"
        });
        block.add("mlp.experts.down_proj_bias", "ffn_down_exps.bias", {
          shape: [experts.count, embeddingLength],
          role: "bias"
        });
        for (const [target, first] of [
          ["ffn_gate_exps", 0],
          ["ffn_up_exps", 1]
        ] as const) {
          const stored = storedExperts([experts.count, 2 * feedForwardLength, embeddingLength], isPacked);
          block.add("mlp.experts.gate_up_proj", `${target}.weight`, {
            ...stored,
            shape: [experts.count, feedForwardLength, embeddingLength],
            role: "experts",
            transforms: [...stored.transforms, each(takeRows(everySecond(first)))]
          });
          block.add("mlp.experts.gate_up_proj_bias", `${target}.bias`, {
            shape: [experts.count, feedForwardLength],
            storedShape: [experts.count, 2 * feedForwardLength],
            role: "bias",
            transforms: [each(takeRows(everySecond(first)))]
          });
        }
      }),
      writeMetadata(metadata, fileType) {
        writeDecoderMetadata(metadata, "gpt-oss", decoder, { experts });
        metadata.uint32("general.file_type", fileType);
        metadata.uint32("gpt-oss.attention.sliding_window", config.sliding_window);
        metadata.uint32("gpt-oss.expert_feed_forward_length", feedForwardLength);
      }
    };
  }
};
