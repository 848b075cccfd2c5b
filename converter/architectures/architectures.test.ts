import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { InvalidInputError } from "../../common/errors.js";
import { packageRoot } from "../../common/package.js";
import { FORMS } from "../../testing/forms/forms.js";
import { Metadata } from "../../common/gguf/Metadata.js";
import { findArchitecture } from "./findArchitecture.js";

const SIZES = {
  hidden_size: 256,
  intermediate_size: 512,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  vocab_size: 1000
};

function describe(values: object): { names: string[]; metadata: Record<string, unknown>; warnings: string[] } {
  const config = { source: "config.json", values: { ...SIZES, ...values } };
  const found = findArchitecture(config);
  const model = found.architecture.describe(config);
  const metadata = new Metadata();
  model.writeMetadata(metadata, 1);
  return {
    names: model.tensors.map(({ target }) => target),
    metadata: Object.fromEntries(metadata.entries().map(({ key, value }) => [key, value])),
    warnings: [...found.warnings, ...model.warnings]
  };
}

const LLAMA = { architectures: ["LlamaForCausalLM"] };
const MISTRAL = { architectures: ["MistralForCausalLM"], sliding_window: null };
const QWEN2 = { architectures: ["Qwen2ForCausalLM"] };
const QWEN3 = { architectures: ["Qwen3ForCausalLM"] };

test("Llama's optional biases are expected where config.json has them", () => {
  const plain = describe(LLAMA).names;
  const biased = describe({ ...LLAMA, attention_bias: true, mlp_bias: true }).names;
  expect(plain.some((name) => name.endsWith(".bias"))).toBe(false);
  expect(biased.filter((name) => name.startsWith("blk.1") && name.endsWith(".bias"))).toEqual([
    "blk.1.attn_q.bias",
    "blk.1.attn_k.bias",
    "blk.1.attn_v.bias",
    "blk.1.attn_output.bias",
    "blk.1.ffn_gate.bias",
    "blk.1.ffn_up.bias",
    "blk.1.ffn_down.bias"
  ]);
});

test("head lengths are stated where the family's own configuration class fills them in", () => {
  expect(describe(LLAMA).metadata["llama.attention.key_length"]).toBe(64);
  expect(describe(MISTRAL).metadata["llama.attention.key_length"]).toBe(64);
  expect(describe(QWEN2).metadata["qwen2.attention.key_length"]).toBeUndefined();
  expect(describe(QWEN3).metadata["qwen3.attention.key_length"]).toBe(128);
});

test("tied embeddings have no output head, Qwen 3 has query and key norms", () => {
  const { names } = describe({ ...QWEN3, tie_word_embeddings: true });
  expect(names).not.toContain("output.weight");
  expect(names).toContain("blk.0.attn_q_norm.weight");
  expect(describe(QWEN2).names).toContain("output.weight");
});

test("yarn scaling is written with the keys that llama.cpp reads for these architectures", () => {
  const { metadata } = describe({
    ...QWEN2,
    rope_theta: 1e6,
    rope_scaling: { type: "yarn", factor: 4, original_max_position_embeddings: 32_768, attention_factor: 1 }
  });
  expect(Object.keys(metadata).filter((key) => key.includes(".rope."))).toEqual([
    "qwen2.rope.scaling.type",
    "qwen2.rope.scaling.factor",
    "qwen2.rope.scaling.original_context_length",
    "qwen2.rope.scaling.attn_factor",
    "qwen2.rope.freq_base"
  ]);
  expect(metadata["qwen2.rope.scaling.attn_factor"]).toBeCloseTo(1 / (1 + 0.1 * Math.log(4)), 12);
});

test.each([
  [LLAMA, { hidden_act: "relu" }, /"hidden_act" in config\.json should be "silu" or "swish", found "relu"/],
  [MISTRAL, { hidden_act: "gelu" }, /hidden_act/],
  [QWEN2, { hidden_act: "gelu_new" }, /hidden_act/],
  [QWEN3, { hidden_act: "relu2" }, /hidden_act/],
  [QWEN3, { attention_bias: true }, /"attention_bias" in config\.json should be false.*found true/],
  [QWEN2, { head_dim: 32 }, /4 heads of 32 dimensions are not the hidden_size 256/],
  [QWEN3, { rope_scaling: { type: "llama3", factor: 8 } }, /does not apply to this architecture/],
  [QWEN2, { layer_types: ["full_attention"] }, /"layer_types".*one entry for each of 2 layers, found 1/],
  [QWEN2, { layer_types: ["full_attention", "linear_attention"] }, /"layer_types\.1".*found "linear_attention"/],
  [LLAMA, { is_causal: false }, /"is_causal" in config\.json should be true/],
  [LLAMA, { per_layer_config: { 0: { head_dim: 8 } } }, /per_layer_config/],
  [LLAMA, { model_type: "qwen2" }, /names the architecture LlamaForCausalLM, but the model_type "qwen2"/],
  [LLAMA, { rms_norm_eps: -1 }, /"rms_norm_eps" in config\.json should be a number from 0 to 1, found -1/],
  [LLAMA, { rms_norm_eps: 1e308 }, /"rms_norm_eps".*found 1e\+308/],
  [LLAMA, { max_position_embeddings: 0 }, /"max_position_embeddings".*whole number from 1 to 2147483647, found 0/],
  [LLAMA, { num_hidden_layers: 513 }, /"num_hidden_layers".*from 1 to 512, found 513/],
  [LLAMA, { vocab_size: 2 ** 31 }, /"vocab_size".*found 2147483648/],
  [LLAMA, { hidden_size: 255 }, /hidden_size 255 is not a multiple of num_attention_heads 4/],
  [LLAMA, { num_attention_heads: 256 }, /head of 1 dimensions cannot be rotated/],
  [LLAMA, { num_key_value_heads: 3 }, /num_attention_heads 4 is not a multiple of num_key_value_heads 3/]
])("%j with %j is refused by name", (base, changes, message) => {
  expect(() => describe({ ...base, ...changes })).toThrow(message);
});

// Values that stand for the default, names for the same function, and keys of training and generation.
test.each([
  [LLAMA, { hidden_act: "swish", head_dim: null, num_key_value_heads: null, rope_scaling: null }],
  [LLAMA, { pretraining_tp: 4, use_cache: false, torch_dtype: "float16", temperature: 0.7, attention_dropout: 0.5 }],
  [LLAMA, { some_new_key: false, another: 0, third: {}, fourth: [] }],
  [MISTRAL, { sliding_window: 200_000 }],
  [QWEN2, { sliding_window: 4096, max_window_layers: 0, attention_bias: true }],
  [QWEN2, { use_sliding_window: true, max_window_layers: 2 }],
  [QWEN2, { use_sliding_window: true, max_window_layers: 0, sliding_window: 32_768 }],
  [QWEN3, { attention_bias: false, layer_types: ["sliding_attention", "sliding_attention"] }]
])("%j with %j converts without a word", (base, changes) => {
  expect(describe({ ...base, ...changes }).warnings).toEqual([]);
});

test.each([
  [MISTRAL, { sliding_window: 4096 }, "4096 tokens"],
  [MISTRAL, { sliding_window: undefined }, "4096 tokens"],
  [QWEN2, { use_sliding_window: true, max_window_layers: 1 }, "4096 tokens"],
  [QWEN3, { use_sliding_window: true, layer_types: ["full_attention", "sliding_attention"] }, "4096 tokens"],
  [LLAMA, { logit_scale: 0.5, attn_logit_softcapping: 50 }, "sets logit_scale (0.5), attn_logit_softcapping (50)"],
  [LLAMA, { model_type: "other" }, 'model_type "other"'],
  [LLAMA, { auto_map: { AutoModelForCausalLM: "x.Y" } }, "auto_map"]
])("%j with %j converts with a warning", (base, changes, message) => {
  const values = Object.fromEntries(Object.entries({ ...base, ...changes }).filter(([, value]) => value !== undefined));
  expect(describe(values).warnings).toEqual([expect.stringContaining(message)]);
});

const JUNK = [-1, 0, 0.5, 3, 1e308, 2 ** 53, "x", "", true, false, null, [], [[1]], ["x"], {}, { x: 1 }];

test.each(FORMS)("any value of any key of a %s is read or refused, nothing else", (form) => {
  const file = path.join(packageRoot, "testing", "forms", form, "config.json");
  const values = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const rope = (values["rope_parameters"] ?? {}) as Record<string, unknown>;
  const variants = JUNK.flatMap((junk) => [
    ...Object.keys(values).map((key) => ({ ...values, [key]: junk })),
    ...[...Object.keys(rope), "rope_type", "factor", "attention_factor"].map((key) => ({
      ...values,
      rope_parameters: { ...rope, [key]: junk }
    }))
  ]);
  for (const variant of variants) {
    try {
      describe(variant);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      expect(error.message).toMatch(/config\.json|architecture/);
    }
  }
});
