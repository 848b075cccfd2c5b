import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import { anyObject, checkJson, listOf, oneOf, optional, orElse, real, whole } from "../../common/json.js";
import { map, reshape, takeColumns, takeRows, type TensorTransform } from "../model/transforms.js";
import type { Architecture } from "./Architecture.js";
import { absent, DECODER_KEYS, readKeys, silu, size, type ConfigFile } from "./configKeys.js";
import { modelTensors, readDecoder, writeDecoderMetadata, type BlockTensors, type DecoderConfig } from "./decoder.js";
import { readRope } from "./rope.js";

const QWEN35_KEYS = {
  ...DECODER_KEYS,
  hidden_act: silu,
  attention_bias: absent("attention biases"),
  attn_output_gate: orElse(z.literal(true, { error: "true, as llama.cpp assumes" }), true),
  linear_conv_kernel_dim: orElse(size, 4),
  linear_key_head_dim: orElse(size, 128),
  linear_value_head_dim: orElse(size, 128),
  linear_num_key_heads: orElse(size, 16),
  linear_num_value_heads: orElse(size, 32),
  layer_types: optional(listOf(oneOf("full_attention", "linear_attention"))),
  full_attention_interval: orElse(whole(1, 512), 4),
  partial_rotary_factor: orElse(real(0, 1), 0.25),
  mamba_ssm_dtype: optional(z.unknown()),
  mtp_num_hidden_layers: optional(z.unknown()),
  mtp_use_dedicated_embeddings: optional(z.unknown())
};

const ROPE = z.object({
  partial_rotary_factor: optional(real(0, 1)),
  mrope_section: orElse(listOf(whole(0, 2 ** 16)).max(4, { error: "a list of at most 4" }), [11, 11, 10]),
  mrope_interleaved: orElse(z.literal(true, { error: "true, as llama.cpp assumes" }), true)
});

/** Norms of a Qwen 3.5, but for the one inside linear attention, multiply by one more than their weight. */
const PLUS_ONE = [map((value) => Math.fround(value + 1))];

/** Qwen 3.5 and 3.6, text: layers of gated linear attention, every fourth of gated full attention. */
export const qwen35: Architecture = {
  title: "Qwen 3.5 and 3.6 (text)",
  huggingFaceNames: ["Qwen3_5ForCausalLM", "Qwen3_5ForConditionalGeneration"],
  modelTypes: ["qwen3_5_text", "qwen3_5"],
  ggufName: "qwen35",
  isLlamaFamily: false,
  mayPool: false,
  /** The layers that predict further tokens, which generation does without. */
  ignoredTensors: /^(model\.)?mtp\./,

  describe(file) {
    const reader = "Qwen3_5ForCausalLM";
    const { config, warnings } = readKeys(file, QWEN35_KEYS, reader);
    const contextLength = config.max_position_embeddings ?? 32_768;
    const rope = readRope(file, {
      contextLength,
      scalings: ["yarn"],
      reader,
      defaultTheta: 10_000,
      isPartial: true
    });
    const decoder = readDecoder(file.source, config, { rope: rope.rope, contextLength }, { headLength: 256 });
    const { blockCount, embeddingLength, headLength } = decoder;
    const linear = linearAttention(file.source, config);
    const isLinear =
      config.layer_types?.map((type) => type === "linear_attention") ??
      Array.from({ length: blockCount }, (_, i) => (i + 1) % config.full_attention_interval !== 0);
    if (isLinear.length !== blockCount) {
      throw new InvalidInputError(
        `"layer_types" in ${file.source} should have one entry for each of ${blockCount} layers, found ${isLinear.length}`
      );
    }
    const { sections, partial } = readSections(file, config.partial_rotary_factor);
    return {
      decoder,
      warnings: [...warnings, ...rope.warnings],
      computedTensors: [],
      tensors: modelTensors(
        decoder,
        (block, index) => {
          block.norm("input_layernorm", "attn_norm", embeddingLength, PLUS_ONE);
          block.norm("post_attention_layernorm", "post_attention_norm", embeddingLength, PLUS_ONE);
          if (isLinear[index] === true) addLinearAttention(block, decoder, linear);
          else addGatedAttention(block, decoder);
          block.feedForward(decoder);
        },
        PLUS_ONE
      ),
      writeMetadata(metadata, fileType) {
        writeDecoderMetadata(metadata, "qwen35", decoder, { ropeSections: sections });
        metadata.uint32("general.file_type", fileType);
        metadata.uint32("qwen35.ssm.conv_kernel", linear.kernel);
        metadata.uint32("qwen35.ssm.state_size", linear.headLength);
        metadata.uint32("qwen35.ssm.group_count", linear.keyHeads);
        metadata.uint32("qwen35.ssm.time_step_rank", linear.valueHeads);
        metadata.uint32("qwen35.ssm.inner_size", linear.headLength * linear.valueHeads);
        if (config.layer_types !== undefined) metadata.bools("qwen35.attention.recurrent_layers", isLinear);
        metadata.uint32("qwen35.full_attention_interval", config.full_attention_interval);
        metadata.uint32("qwen35.rope.dimension_count", Math.trunc(headLength * partial));
      }
    };
  }
};

interface LinearAttention {
  readonly kernel: number;
  readonly headLength: number;
  readonly keyHeads: number;
  readonly valueHeads: number;
}

/** @throws {InvalidInputError} heads that llama.cpp has no place for */
function linearAttention(source: string, config: z.output<z.ZodObject<typeof QWEN35_KEYS>>): LinearAttention {
  const {
    linear_key_head_dim: headLength,
    linear_num_key_heads: keyHeads,
    linear_num_value_heads: valueHeads
  } = config;
  if (config.linear_value_head_dim !== headLength || valueHeads % keyHeads !== 0) {
    throw new InvalidInputError(
      `${source}: llama.cpp needs key and value heads of one length for linear attention, and for each key head the ` +
        "same number of value heads"
    );
  }
  return { kernel: config.linear_conv_kernel_dim, headLength, keyHeads, valueHeads };
}

/** Sections of the rotated dimensions for time, height and width, and the share of a head that is rotated. */
function readSections({ source, values }: ConfigFile, outer: number): { sections: number[]; partial: number } {
  const keys = z.object({ rope_parameters: optional(anyObject), rope_scaling: optional(anyObject) });
  const given = checkJson(source, values, keys);
  const name = given.rope_scaling === undefined ? "rope_parameters" : "rope_scaling";
  const rope = checkJson(`"${name}" in ${source}`, given[name] ?? {}, ROPE);
  const sections = [...rope.mrope_section, 0, 0, 0, 0].slice(0, 4);
  return { sections, partial: rope.partial_rotary_factor ?? outer };
}

/** Full attention, whose queries come with a gate each. */
function addGatedAttention(
  block: BlockTensors,
  { embeddingLength, headLength, headCount, headCountKv }: DecoderConfig
): void {
  block.linear("self_attn.q_proj", "attn_q", [2 * headCount * headLength, embeddingLength]);
  block.linear("self_attn.k_proj", "attn_k", [headCountKv * headLength, embeddingLength]);
  block.linear("self_attn.v_proj", "attn_v", [headCountKv * headLength, embeddingLength]);
  block.linear("self_attn.o_proj", "attn_output", [embeddingLength, headCount * headLength]);
  block.norm("self_attn.q_norm", "attn_q_norm", headLength, PLUS_ONE);
  block.norm("self_attn.k_norm", "attn_k_norm", headLength, PLUS_ONE);
}

/** Gated delta rule; value heads go from grouped by key head, as Hugging Face has them, to one of each group in turn. */
function addLinearAttention(
  block: BlockTensors,
  { embeddingLength }: DecoderConfig,
  { kernel, headLength, keyHeads, valueHeads }: LinearAttention
): void {
  const keys = keyHeads * headLength;
  const values = valueHeads * headLength;
  const inTurn = (length: number, offset = 0): ((count: number) => Uint32Array) => {
    const perKey = valueHeads / keyHeads;
    return (count) =>
      Uint32Array.from({ length: count }, (_, i) => {
        if (i < offset) return i;
        const head = Math.floor((i - offset) / length);
        const grouped = (head % keyHeads) * perKey + Math.floor(head / keyHeads);
        return offset + grouped * length + ((i - offset) % length);
      });
  };
  const matrix = (part: string, target: string, shape: readonly number[], transform: TensorTransform): void => {
    block.add(`linear_attn.${part}.weight`, `${target}.weight`, { shape, role: "linear", transforms: [transform] });
  };
  const state = (part: string, target: string, transforms: readonly TensorTransform[]): void => {
    block.add(`linear_attn.${part}`, target, { shape: [valueHeads], role: "recurrence", transforms });
  };
  matrix("in_proj_qkv", "attn_qkv", [2 * keys + values, embeddingLength], takeRows(inTurn(headLength, 2 * keys)));
  matrix("in_proj_z", "attn_gate", [values, embeddingLength], takeRows(inTurn(headLength)));
  matrix("in_proj_a", "ssm_alpha", [valueHeads, embeddingLength], takeRows(inTurn(1)));
  matrix("in_proj_b", "ssm_beta", [valueHeads, embeddingLength], takeRows(inTurn(1)));
  matrix("out_proj", "ssm_out", [embeddingLength, values], takeColumns(inTurn(headLength)));
  state("A_log", "ssm_a", [takeRows(inTurn(1)), map((value) => Math.fround(-Math.exp(value)))]);
  state("dt_bias", "ssm_dt.bias", [takeRows(inTurn(1))]);
  block.add("linear_attn.conv1d.weight", "ssm_conv1d.weight", {
    shape: [2 * keys + values, kernel],
    storedShape: [2 * keys + values, 1, kernel],
    role: "recurrence",
    transforms: [reshape([2 * keys + values, kernel]), takeRows(inTurn(headLength, 2 * keys))]
  });
  block.norm("linear_attn.norm", "ssm_norm", headLength);
}
