import { z } from "zod";
import {
  anyObject,
  checkJson,
  describeJson,
  flag,
  oneOf,
  optional,
  orElse,
  real,
  text,
  whole
} from "../../common/json.js";

// What config.json may say. An architecture's schema lists the keys that decide what its reference implementation
// computes: each is expressed in the converted file, or has to have the value that llama.cpp assumes. Keys that cannot
// change what a model computes at inference are listed here once. Any other key that is set is reported.

/** llama.cpp's own limit; it ends the process on a model with more. */
export const MAX_BLOCKS = 512;

/** Far above any real vocabulary; keeps one wrong number from allocating gigabytes. */
export const MAX_VOCABULARY = 4_000_000;

/** A number of channels, heads and the like. */
export const size = whole(1, 2 ** 24);

/** A number of token positions. */
export const positions = whole(1, 2 ** 31 - 1);

/** What multiplies activations or logits. */
export const multiplier = real(1e-6, 1e6);

/** Both names of x * sigmoid(x). */
export const silu = orElse(oneOf("silu", "swish"), "silu");

/** A part that llama.cpp has no place for: the key has to be false, 0, null or absent. */
export function absent(what: string): z.ZodType<unknown> {
  const isUnset = (value: unknown): boolean => value === undefined || value === null || value === false || value === 0;
  return z
    .unknown()
    .refine(isUnset, { error: `false: llama.cpp has no place for ${what} here` })
    .optional();
}

/** The keys every decoder has. */
export const DECODER_KEYS = {
  model_type: optional(text),
  vocab_size: whole(1, MAX_VOCABULARY),
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: whole(1, MAX_BLOCKS),
  num_attention_heads: size,
  num_key_value_heads: optional(size),
  head_dim: optional(size),
  max_position_embeddings: optional(positions),
  rms_norm_eps: orElse(real(0, 1), 1e-6),
  tie_word_embeddings: orElse(flag, false),
  // Read by readRope.
  rope_theta: optional(z.unknown()),
  rope_scaling: optional(anyObject),
  rope_parameters: optional(anyObject),
  partial_rotary_factor: optional(z.unknown()),
  original_max_position_embeddings: optional(z.unknown()),
  is_causal: orElse(z.literal(true, { error: "true: other attention cannot be converted" }), true),
  per_layer_config: orElse(
    z.record(z.string(), z.never(), { error: "empty: layers with settings of their own cannot be converted" }),
    {}
  )
};

/** Keys that cannot change what a decoder computes at inference: training, generation, bookkeeping. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  ...["architectures", "model_type", "auto_map", "quantization_config", "_name_or_path", "name_or_path"],
  ...["transformers_version", "torch_dtype", "dtype", "_commit_hash", "unsloth_version", "unsloth_fixed"],
  ...["use_cache", "return_dict", "use_return_dict", "output_attentions", "output_hidden_states", "torchscript"],
  ...["attn_implementation", "_attn_implementation", "_attn_implementation_autoset", "use_bfloat16"],
  ...["attention_dropout", "hidden_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop", "initializer_range"],
  ...["gradient_checkpointing", "pretraining_tp", "chunk_size_feed_forward", "pruned_heads", "is_encoder_decoder"],
  ...["is_decoder", "add_cross_attention", "cross_attention_hidden_size", "tie_encoder_decoder"],
  ...["bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "unk_token_id"],
  ...["mask_token_id", "decoder_start_token_id", "prefix", "padding_side", "tokenizer_class", "bad_words_ids"],
  ...["id2label", "label2id", "num_labels", "problem_type", "finetuning_task", "task_specific_params"],
  ...["max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "temperature"],
  ...["top_k", "top_p", "min_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size"],
  ...["encoder_no_repeat_ngram_size", "num_return_sequences", "output_scores", "return_dict_in_generate"],
  ...["forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values", "diversity_penalty"],
  ...["exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "epsilon_cutoff", "eta_cutoff"]
]);

/** Longest list of keys a warning names. */
const NAMED = 8;

/** A configuration file's content with where it comes from. */
export interface ConfigFile {
  /** As shown in errors, such as `/models/x/config.json`. */
  readonly source: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Whether it is the text part of a model with other senses. */
  readonly isPart?: boolean;
}

/**
 * Reads the keys an architecture knows.
 *
 * @param reader who knows no other keys, in words for warnings
 * @returns the values, and a warning that names the keys which are set and neither known nor without effect
 * @throws {InvalidInputError} a value is missing, malformed, out of its range or one that cannot be expressed
 */
export function readKeys<Shape extends z.ZodRawShape>(
  { source, values }: ConfigFile,
  keys: Shape,
  reader: string
): { config: z.output<z.ZodObject<Shape>>; warnings: string[] } {
  const config = checkJson(source, values, z.object(keys, { error: "a JSON object" }));
  const unknown = Object.entries(values).filter(
    ([key, value]) => !Object.hasOwn(keys, key) && !WITHOUT_EFFECT.has(key) && isSet(value)
  );
  if (unknown.length === 0) return { config, warnings: [] };
  const named = unknown.slice(0, NAMED).map(([key, value]) => `${key.slice(0, 60)} (${describeJson(value)})`);
  const rest = unknown.length > NAMED ? ` and ${unknown.length - NAMED} more` : "";
  return {
    config,
    warnings: [
      `${source} sets ${named.join(", ")}${rest}, which ${reader} does not use: the converted file does not either`
    ]
  };
}

/** Whether a value is other than what stands for "not used". */
function isSet(value: unknown): boolean {
  if (value === null || value === false || value === 0 || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

/** `quant_method` of weights in MXFP4. */
export const MXFP4 = "mxfp4";

/** How config.json says the weights are quantized; whether they are, only the weights tell. */
export function quantizationOf({ source, values }: ConfigFile): string | undefined {
  const keys = z.object({ quantization_config: optional(anyObject) });
  const { quantization_config: quantization } = checkJson(source, values, keys);
  if (quantization === undefined) return undefined;
  const inner = `"quantization_config" in ${source}`;
  return checkJson(inner, quantization, z.object({ quant_method: orElse(text, "an unnamed method") })).quant_method;
}
