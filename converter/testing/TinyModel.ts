import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { encodeSafetensors, type TestTensor } from "../../testing/encodeSafetensors.js";

/** JSON values a test may change before the model is written. */
type Json = Record<string, unknown>;

/**
 * A Llama of one layer with random float32 weights and a byte-level BPE tokenizer: small enough to write anew for every
 * test, whole enough to convert. Tests change its parts, then write it.
 */
export class TinyModel {
  config: Json = {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: 64,
    intermediate_size: 160,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: false,
    vocab_size: 264
  };
  tokenizer: Json = tinyTokenizer();
  tokenizerConfig: Json = { bos_token: "<s>", eos_token: "</s>" };
  tensors: TestTensor[] = tinyTensors();
  /** Further files by name; undefined for one to leave out. */
  files: Record<string, string | Uint8Array | undefined> = {};

  /** The tensor with this name, to be changed in place. */
  tensor(name: string): TestTensor {
    const found = this.tensors.find((tensor) => tensor.name === name);
    if (found === undefined) throw new Error(`no tensor ${name}`);
    return found;
  }

  /** Writes the model into a fresh directory below `parent` and returns its path. */
  write(parent: string, name = "tiny-model"): string {
    const directory = path.join(parent, name);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    const files: Record<string, string | Uint8Array | undefined> = {
      "config.json": JSON.stringify(this.config),
      "tokenizer.json": JSON.stringify(this.tokenizer),
      "tokenizer_config.json": JSON.stringify(this.tokenizerConfig),
      "model.safetensors": encodeSafetensors(this.tensors),
      ...this.files
    };
    for (const [file, content] of Object.entries(files)) {
      if (content !== undefined) writeFileSync(path.join(directory, file), content);
    }
    return directory;
  }
}

function tinyTensors(): TestTensor[] {
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32 - 0.5;
  };
  const shapes: Record<string, number[]> = {
    "lm_head.weight": [264, 64],
    "model.embed_tokens.weight": [264, 64],
    "model.norm.weight": [64],
    "model.layers.0.input_layernorm.weight": [64],
    "model.layers.0.post_attention_layernorm.weight": [64],
    "model.layers.0.self_attn.q_proj.weight": [64, 64],
    "model.layers.0.self_attn.k_proj.weight": [32, 64],
    "model.layers.0.self_attn.v_proj.weight": [32, 64],
    "model.layers.0.self_attn.o_proj.weight": [64, 64],
    "model.layers.0.mlp.gate_proj.weight": [160, 64],
    "model.layers.0.mlp.up_proj.weight": [160, 64],
    "model.layers.0.mlp.down_proj.weight": [64, 160]
  };
  return Object.entries(shapes).map(([name, shape]) => ({
    name,
    dtype: "F32",
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random())
  }));
}

function tinyTokenizer(): Json {
  // The printable characters byte-level BPE maps the 256 bytes to, in byte order of their code points.
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  const symbols = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
  const vocabulary = [...symbols, "th", "the"];
  return {
    added_tokens: [
      { id: 258, content: "<s>", special: true },
      { id: 259, content: "</s>", special: true }
    ],
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: {
            Regex: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
          },
          behavior: "Isolated",
          invert: false
        },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false }
      ]
    },
    model: {
      type: "BPE",
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges: [
        ["t", "h"],
        ["th", "e"]
      ]
    }
  };
}
