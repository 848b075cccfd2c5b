import { expect, test } from "vitest";
import { Metadata } from "../../common/gguf/Metadata.js";
import { JsonObject } from "../huggingFace/JsonObject.js";
import { findArchitecture } from "./findArchitecture.js";
import { writeDecoderMetadata } from "./writeDecoderMetadata.js";

const SIZES = {
  hidden_size: 256,
  intermediate_size: 512,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  vocab_size: 1000
};

function describe(config: object): { names: string[]; metadata: Record<string, unknown>; warnings: string[] } {
  const json = new JsonObject("config.json", { ...SIZES, ...config });
  const architecture = findArchitecture(json);
  const decoder = architecture.readConfig(json);
  const metadata = new Metadata();
  writeDecoderMetadata(metadata, architecture.ggufName, decoder);
  return {
    names: architecture.tensors(decoder, json).map(({ target }) => target),
    metadata: Object.fromEntries(metadata.entries().map(({ key, value }) => [key, value])),
    warnings: architecture.warnings(json)
  };
}

test("Llama's optional biases are expected where config.json has them", () => {
  const plain = describe({ architectures: ["LlamaForCausalLM"] }).names;
  const biased = describe({ architectures: ["LlamaForCausalLM"], attention_bias: true, mlp_bias: true }).names;
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
  expect(describe({ architectures: ["LlamaForCausalLM"] }).metadata["llama.attention.key_length"]).toBe(64);
  expect(describe({ architectures: ["MistralForCausalLM"] }).metadata["llama.attention.key_length"]).toBe(64);
  expect(describe({ architectures: ["Qwen2ForCausalLM"] }).metadata["qwen2.attention.key_length"]).toBeUndefined();
  expect(describe({ architectures: ["Qwen3ForCausalLM"] }).metadata["qwen3.attention.key_length"]).toBe(128);
});

test("tied embeddings have no output head, Qwen 3 has query and key norms", () => {
  const { names } = describe({ architectures: ["Qwen3ForCausalLM"], tie_word_embeddings: true });
  expect(names).not.toContain("output.weight");
  expect(names).toContain("blk.0.attn_q_norm.weight");
  expect(describe({ architectures: ["Qwen2ForCausalLM"] }).names).toContain("output.weight");
});

test("yarn scaling is written with all it names", () => {
  const { metadata } = describe({
    architectures: ["Qwen2ForCausalLM"],
    rope_theta: 1e6,
    rope_scaling: { type: "yarn", factor: 4, original_max_position_embeddings: 32_768, attention_factor: 1.5 }
  });
  expect(metadata).toMatchObject({
    "qwen2.rope.scaling.type": "yarn",
    "qwen2.rope.scaling.factor": 4,
    "qwen2.rope.scaling.original_context_length": 32_768,
    "qwen2.rope.scaling.yarn_attn_factor": 1.5,
    "qwen2.rope.freq_base": 1e6
  });
});

test("what the file cannot express is said", () => {
  expect(describe({ architectures: ["MistralForCausalLM"], sliding_window: 4096 }).warnings[0]).toContain(
    "4096 tokens"
  );
  expect(describe({ architectures: ["MistralForCausalLM"], sliding_window: null }).warnings).toEqual([]);
  expect(describe({ architectures: ["Qwen2ForCausalLM"], use_sliding_window: true }).warnings).toHaveLength(1);
  expect(describe({ architectures: ["Qwen2ForCausalLM"], sliding_window: 4096 }).warnings).toEqual([]);
});

test("Llama 3's rope scaling is refused where llama.cpp does not apply it", () => {
  const config = { rope_theta: 1e6, rope_scaling: { type: "llama3", factor: 8 } };
  expect(describe({ architectures: ["LlamaForCausalLM"], ...config }).metadata["llama.rope.freq_base"]).toBe(1e6);
  expect(() => describe({ architectures: ["Qwen3ForCausalLM"], ...config })).toThrow(
    "does not apply to this architecture"
  );
});
