import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import { checkJson, listOf, oneOf, optional, orElse, real } from "../../common/json.js";
import type { Architecture, ComputedTensor } from "./Architecture.js";
import { DECODER_KEYS, positions, readKeys, silu, type ConfigFile } from "./configKeys.js";
import { modelTensors, readDecoder } from "./decoder.js";
import { ignoredWindow } from "./llama.js";

const PHI3_KEYS = {
  ...DECODER_KEYS,
  hidden_act: silu,
  rms_norm_eps: orElse(real(0, 1), 1e-5),
  original_max_position_embeddings: orElse(positions, 4096),
  partial_rotary_factor: orElse(real(0, 1), 1),
  sliding_window: optional(positions)
};

const factors = listOf(real(1e-3, 1e6));

const LONG_ROPE = {
  type: orElse(oneOf("default", "longrope", "su", "yarn"), "default"),
  rope_type: optional(oneOf("default", "longrope", "su", "yarn")),
  rope_theta: optional(real(1, 1e15)),
  partial_rotary_factor: optional(real(0, 1)),
  original_max_position_embeddings: optional(positions),
  long_factor: optional(factors),
  short_factor: optional(factors),
  factor: optional(real(1e-3, 1e6)),
  attention_factor: optional(real(1e-3, 1e3))
};

/** Phi-3 and Phi-4 mini: projections fused, some of each head's dimensions rotated, two sets of frequency divisors. */
export const phi3: Architecture = {
  title: "Phi-3 and Phi-4 mini",
  huggingFaceNames: ["Phi3ForCausalLM"],
  modelTypes: ["phi3"],
  ggufName: "phi3",
  isLlamaFamily: false,
  mayPool: false,

  describe(file) {
    const { config, warnings } = readKeys(file, PHI3_KEYS, "Phi3ForCausalLM");
    const contextLength = config.max_position_embeddings ?? 4096;
    const long = readLongRope(file, config, contextLength);
    const rope = { theta: long.theta, scaling: { type: "none" as const }, attentionFactor: long.attentionFactor };
    const decoder = readDecoder(file.source, config, { rope, contextLength }, { headLength: undefined });
    const { embeddingLength, headLength, headCount, headCountKv, feedForwardLength } = decoder;
    if (headCount * headLength !== embeddingLength) {
      throw new InvalidInputError(
        `${file.source}: ${headCount} heads of ${headLength} dimensions are not the hidden_size ${embeddingLength}, ` +
          "and llama.cpp has no place for other heads in this architecture"
      );
    }
    const rotated = Math.floor(Math.trunc(long.partial * embeddingLength) / headCount);
    for (const { target, values } of long.divisors) {
      if (values.length === rotated / 2) continue;
      throw new InvalidInputError(
        `${file.source}: ${target} has ${values.length} divisors, but ${rotated} dimensions of a head are rotated`
      );
    }
    return {
      decoder,
      warnings: [...warnings, ...long.warnings, ...ignoredWindow(config.sliding_window, contextLength)],
      computedTensors: long.divisors,
      tensors: modelTensors(decoder, (block) => {
        block.norm("input_layernorm", "attn_norm", embeddingLength);
        block.norm("post_attention_layernorm", "ffn_norm", embeddingLength);
        block.linear("self_attn.qkv_proj", "attn_qkv", [(headCount + 2 * headCountKv) * headLength, embeddingLength]);
        block.linear("self_attn.o_proj", "attn_output", [embeddingLength, headCount * headLength]);
        block.linear("mlp.gate_up_proj", "ffn_up", [2 * feedForwardLength, embeddingLength]);
        block.linear("mlp.down_proj", "ffn_down", [embeddingLength, feedForwardLength]);
      }),
      writeFirst(metadata) {
        if (long.divisors.length > 0) metadata.float32("phi3.rope.scaling.attn_factor", long.attentionFactor);
      },
      writeMetadata(metadata, fileType) {
        metadata.uint32("phi3.context_length", contextLength);
        metadata.uint32("phi3.rope.scaling.original_context_length", long.originalContextLength);
        metadata.uint32("phi3.embedding_length", embeddingLength);
        metadata.uint32("phi3.feed_forward_length", feedForwardLength);
        metadata.uint32("phi3.block_count", decoder.blockCount);
        metadata.uint32("phi3.attention.head_count", headCount);
        metadata.uint32("phi3.attention.head_count_kv", headCountKv);
        metadata.float32("phi3.attention.layer_norm_rms_epsilon", decoder.rmsNormEpsilon);
        metadata.uint32("phi3.rope.dimension_count", rotated);
        metadata.float32("phi3.rope.freq_base", long.theta);
        metadata.uint32("general.file_type", fileType);
        metadata.uint32("phi3.attention.sliding_window", config.sliding_window ?? 0);
      }
    };
  }
};

interface LongRope {
  readonly theta: number;
  readonly partial: number;
  readonly originalContextLength: number;
  readonly attentionFactor: number;
  readonly divisors: readonly ComputedTensor[];
  readonly warnings: readonly string[];
}

/** @throws {InvalidInputError} one of the two sets of divisors is missing */
function readLongRope(
  { source, values }: ConfigFile,
  config: { readonly original_max_position_embeddings: number; readonly partial_rotary_factor: number },
  contextLength: number
): LongRope {
  const name =
    values["rope_scaling"] === undefined || values["rope_scaling"] === null ? "rope_parameters" : "rope_scaling";
  const inner = { source: `"${name}" in ${source}`, values: (values[name] ?? {}) as Record<string, unknown> };
  const { config: rope, warnings } = readKeys(inner, LONG_ROPE, "Phi3ForCausalLM");
  const outer = checkJson(source, values, z.object({ rope_theta: optional(real(1, 1e15)) }));
  // As in transformers, the key outside goes before the one inside.
  const originalContextLength = config.original_max_position_embeddings;
  const common = {
    theta: rope.rope_theta ?? outer.rope_theta ?? 10_000,
    partial: rope.partial_rotary_factor ?? config.partial_rotary_factor,
    originalContextLength,
    warnings
  };
  if ((rope.rope_type ?? rope.type) === "default") return { ...common, attentionFactor: 1, divisors: [] };
  const { long_factor: long, short_factor: short } = rope;
  if (long === undefined || short === undefined) {
    throw new InvalidInputError(`${inner.source} should have "long_factor" and "short_factor"`);
  }
  const factor = rope.factor ?? contextLength / originalContextLength;
  const own = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContextLength));
  return {
    ...common,
    attentionFactor: rope.attention_factor ?? own,
    divisors: [
      { target: "rope_factors_long.weight", values: Float32Array.from(long) },
      { target: "rope_factors_short.weight", values: Float32Array.from(short) }
    ]
  };
}
