import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { InvalidInputError } from "../common/errors.js";
import { convert } from "./testing/convert.js";
import { encodeSafetensors, withHeader } from "../testing/encodeSafetensors.js";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";
import { TinyModel } from "./testing/TinyModel.js";

const directory = temporaryDirectory();
const outputs = path.join(directory, "out");
const output = path.join(outputs, "model.gguf");
beforeAll(() => void mkdirSync(outputs));

/** What happens to a tiny model before it is converted, and what the user is then told. */
const cases: readonly [string, (model: TinyModel) => void, RegExp][] = [
  [
    "an unknown architecture",
    (m) => (m.config["architectures"] = ["MambaForCausalLM"]),
    /MambaForCausalLM" is not supported here, and llama\.cpp's own converter cannot be used/
  ],
  ["no architecture", (m) => delete m.config["architectures"], /does not say which architecture/],
  [
    "weights quantized already",
    (m) => {
      m.config["quantization_config"] = { quant_method: "gptq" };
      m.tensor(GATE).name = GATE.replace("weight", "qweight");
    },
    /already quan.*gptq/
  ],
  [
    "weights in eight bits",
    (m) => {
      m.config["quantization_config"] = { quant_method: "fp8" };
      Object.assign(m.tensor(GATE), { dtype: "F8_E4M3", data: new Uint8Array(160 * 64) });
    },
    /already quan.*fp8/
  ],
  [
    "names of a compiled model",
    (m) => m.tensors.forEach((tensor) => (tensor.name = `_orig_mod.${tensor.name}`)),
    /named like "_orig_mod\.[^"]+", with "_orig_mod\.", which torch\.compile adds/
  ],
  [
    "names of a model with adapters",
    (m) => m.tensors.forEach((tensor) => (tensor.name = `base_model.model.${tensor.name}`)),
    /"base_model\.model\.", which PEFT adds/
  ],
  [
    "a deeply nested value",
    (m) => (m.files["config.json"] = withNested(m, "num_key_value_heads", 6000)),
    /"num_key_value_heads".*found a list of 1$/
  ],
  [
    "a name of a megabyte",
    (m) => (m.config["architectures"] = ["A".repeat(1e6)]),
    /^architecture "A{100,200}\.\.\.A+" is not supported here/
  ],
  ["a required size left out", (m) => delete m.config["hidden_size"], /config\.json has no "hidden_size"/],
  [
    "a size of the wrong type",
    (m) => (m.config["hidden_size"] = "64"),
    /"hidden_size" in .*config\.json should be a whole number from 1 to \d+, found "64"/
  ],
  [
    "a negative size",
    (m) => (m.config["num_hidden_layers"] = -1),
    /"num_hidden_layers".*whole number from 1 to 512, found -1/
  ],
  ["no layers", (m) => (m.config["num_hidden_layers"] = 0), /"num_hidden_layers".*whole number from 1 to 512, found 0/],
  [
    "more layers than any model has",
    (m) => (m.config["num_hidden_layers"] = 2e9),
    /"num_hidden_layers".*from 1 to 512, found 2000000000/
  ],
  [
    "heads that do not divide",
    (m) => (m.config["num_attention_heads"] = 5),
    /64 is not a multiple of num_attention_heads 5/
  ],
  ["an unknown rope scaling", (m) => (m.config["rope_scaling"] = { type: "magic" }), /rope scaling "magic"/],
  ["a config that is no JSON", (m) => (m.files["config.json"] = "{"), /config\.json is not valid JSON/],
  [
    "a config that is a list",
    (m) => (m.files["config.json"] = "[]"),
    /config\.json should be a JSON object, found a list of 0/
  ],
  ["a missing tensor", (m) => m.tensors.splice(0, 1), /lacks tensor "lm_head\.weight"/],
  [
    "an unexpected tensor",
    (m) => (m.tensor("model.norm.weight").name = "model.norm.scale"),
    /lacks tensor "model\.norm/
  ],
  [
    "an adapter's tensor",
    (m) => m.tensors.push({ ...m.tensor("model.norm.weight"), name: "model.lora_A" }),
    /"model\.lora_A", which this architecture does not have/
  ],
  ["a wrong shape", (m) => (m.config["intermediate_size"] = 192), /shape \[\d+, \d+\], but config\.json implies/],
  [
    "a number format it cannot read",
    (m) => Object.assign(m.tensor("model.norm.weight"), { dtype: "F8_E4M3", data: new Uint8Array(64) }),
    /"model\.norm\.weight" has format F8_E4M3/
  ],
  [
    "a NaN in a linear weight",
    (m) => (m.tensor(GATE).data[70] = NaN),
    /gate_proj\.weight" holds NaN or infinity at \[1, 6\]/
  ],
  [
    "an infinity in a norm",
    (m) => (m.tensor("model.norm.weight").data[3] = -Infinity),
    /model\.norm\.weight.*\[0, 3\]/
  ],
  ["a NaN in the embedding", (m) => (m.tensor("model.embed_tokens.weight").data[64] = NaN), /embed_tokens.*\[1, 0\]/],
  ["weights too large to scale", (m) => (m.tensor(GATE).data[0] = 1e30), /gate_proj.*row 0 too large/],
  ["an empty tokenizer", (m) => (m.files["tokenizer.json"] = ""), /tokenizer\.json is not valid JSON/],
  ["no tokenizer", (m) => (m.files["tokenizer.json"] = undefined), /neither tokenizer\.json nor tokenizer\.model/],
  ["an unknown pre-tokenizer", (m) => (preTokenizer(m).pattern = { Regex: "a+b" }), /splits text by a\+b/],
  [
    "a tokenizer of another kind",
    (m) => (m.tokenizer["model"] = { type: "Unigram", vocab: {} }),
    /holds a Unigram tok/
  ],
  [
    "an added token far off",
    (m) => (m.files["tokenizer.json"] = withToken(m, 999)),
    /"<far>" should have id 999, but the tokenizers library gives it 258/
  ],
  ["no merges", (m) => delete (m.tokenizer["model"] as { merges?: unknown }).merges, /has no merges/],
  [
    "a truncated file",
    (m) => (m.files["model.safetensors"] = whole(m).subarray(0, -9)),
    /9 bytes past the end of the file/
  ],
  ["an empty file", (m) => (m.files["model.safetensors"] = ""), /has 0 bytes: too few/],
  [
    "a Git LFS pointer",
    (m) => (m.files["model.safetensors"] = "version https://git-lfs.github.com/spec/v1\n"),
    /LFS poin/
  ],
  [
    "a damaged tokenizer.model",
    (m) => Object.assign(m.files, { "tokenizer.model": "not a model", "tokenizer.json": undefined }),
    /tokenizer\.model is not a Sentence/
  ],
  [
    "a header of exabytes",
    (m) => (m.files["model.safetensors"] = Buffer.alloc(64, 0xff)),
    /announces a header of \d{20} bytes/
  ],
  [
    "a header that is no JSON",
    (m) => (m.files["model.safetensors"] = withHeader("{oops", new Uint8Array())),
    /not valid JSON/
  ]
];

const GATE = "model.layers.0.mlp.gate_proj.weight";

function preTokenizer(model: TinyModel): { pattern: unknown } {
  return (model.tokenizer["pre_tokenizer"] as { pretokenizers: [{ pattern: unknown }] }).pretokenizers[0];
}

function withToken(model: TinyModel, id: number): string {
  return JSON.stringify({ ...model.tokenizer, added_tokens: [{ id, content: "<far>" }] });
}

function withLongMetadata(model: TinyModel): Uint8Array {
  const plain = Buffer.from(encodeSafetensors(model.tensors));
  const length = Number(plain.readBigUInt64LE());
  const described = JSON.parse(plain.toString("utf8", 8, 8 + length)) as object;
  const header = JSON.stringify({ __metadata__: { notes: 'a "\\ note '.repeat(1e6) }, ...described });
  return withHeader(header, plain.subarray(8 + length));
}

/** A config.json with a value that is a list in a list and so on, deeper than JSON.stringify goes. */
function withNested(model: TinyModel, key: string, depth: number): string {
  const text = JSON.stringify({ ...model.config, [key]: "HERE" });
  return text.replace('"HERE"', "[".repeat(depth) + "]".repeat(depth));
}

function whole(model: TinyModel): Uint8Array {
  return encodeSafetensors(model.tensors);
}

test.each(cases)("%s is refused in one line and leaves no file", async (_, damage, message) => {
  const model = new TinyModel();
  damage(model);
  const error = await convert({ source: model.write(directory), output }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect((error as InvalidInputError).message).toMatch(message);
  expect((error as InvalidInputError).message).not.toContain("\n");
  expect(readdirSync(outputs)).toEqual([]);
});

test("the tiny model itself converts without a warning", async () => {
  const { warnings } = await convert({ source: new TinyModel().write(directory), output });
  expect(warnings).toEqual([]);
  rmSync(output);
});

// What cannot matter refuses no conversion.
test.each<[string, (model: TinyModel) => void, RegExp | undefined]>([
  [
    "an index whose shards are not there, beside the whole file",
    (m) => (m.files["model.safetensors.index.json"] = JSON.stringify({ weight_map: { x: "model-1.safetensors" } })),
    undefined
  ],
  [
    "a stray shard beside the whole file",
    (m) => (m.files["model-00001-of-00002.safetensors"] = encodeSafetensors(m.tensors.slice(0, 2))),
    /^the weights are taken from model\.safetensors, and not from model-00001/
  ],
  [
    "a quantization that the weights do not have",
    (m) => (m.config["quantization_config"] = { quant_method: "bitsandbytes", load_in_4bit: true }),
    /names a quantization \(bitsandbytes\), but the weights are plain/
  ],
  [
    "buffers that are no weights",
    (m) =>
      m.tensors.push(
        ...["model.rotary_emb.inv_freq", "model.layers.0.self_attn.rotary_emb.inv_freq"].map((name) => ({
          ...m.tensor("model.norm.weight"),
          name
        }))
      ),
    undefined
  ],
  [
    "ids that stand for no token",
    (m) => Object.assign(m.config, { pad_token_id: -1, sep_token_id: 2 ** 30 }),
    undefined
  ],
  ["a model card that is no text", (m) => (m.files["README.md"] = Uint8Array.of(0xff)), /^the model card is left out/],
  ["sampling advice that is no JSON", (m) => (m.files["generation_config.json"] = "{"), /recommendations are left out/],
  [
    "metadata of megabytes in the weights' header",
    (m) => (m.files["model.safetensors"] = withLongMetadata(m)),
    undefined
  ]
])("%s is no reason to refuse a model", async (_, change, warning) => {
  const model = new TinyModel();
  change(model);
  const { warnings } = await convert({ source: model.write(directory), output, format: "f16", force: true });
  expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
  rmSync(output);
});

test("a model that is not there, and a file that is none, are told apart", async () => {
  const missing = path.join(directory, "nowhere");
  await expect(convert({ source: missing, output })).rejects.toThrow(`cannot read ${missing}: no such file or folder`);
  writeFileSync(path.join(directory, "file"), "");
  await expect(convert({ source: path.join(directory, "file"), output })).rejects.toThrow(
    /file is not a GGUF file: it does not begin/
  );
});

test("other kinds of weights are named", async () => {
  const empty = path.join(directory, "other");
  for (const [file, message] of [
    ["pytorch_model.bin", "only pytorch_model.bin"],
    ["consolidated.safetensors", "only consolidated.safetensors"],
    ["model.gguf", "only model.gguf"]
  ] as const) {
    rmSync(empty, { recursive: true, force: true });
    mkdirSync(empty);
    writeFileSync(path.join(empty, file), "");
    await expect(convert({ source: empty, output })).rejects.toThrow(message);
  }
});

test("a missing shard is named", async () => {
  const model = new TinyModel();
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
  const index = { weight_map: Object.fromEntries(model.tensors.map(({ name }, i) => [name, shards[i % 2]])) };
  model.files = {
    "model.safetensors.index.json": JSON.stringify(index),
    [shards[0]]: encodeSafetensors(model.tensors.filter((_, i) => i % 2 === 0)),
    "model.safetensors": undefined
  };
  const path = model.write(directory);
  await expect(convert({ source: path, output })).rejects.toThrow(`lacks 1 of 2 weight files: ${shards[1]}`);
});

test("an index may not lead out of the directory", async () => {
  const model = new TinyModel();
  model.files = {
    "model.safetensors": undefined,
    "model.safetensors.index.json": JSON.stringify({ weight_map: { x: "../secret.safetensors" } })
  };
  await expect(convert({ source: model.write(directory), output })).rejects.toThrow("outside the model directory");
});

test("an existing file is kept unless it may be replaced", async () => {
  const model = new TinyModel().write(directory);
  writeFileSync(output, "precious");
  await expect(convert({ source: model, output })).rejects.toThrow("exists already");
  await convert({ source: model, output, force: true });
  expect(existsSync(output)).toBe(true);
  rmSync(output);
});

test("a directory to write to must exist", async () => {
  const file = path.join(directory, "no", "such", "model.gguf");
  await expect(convert({ source: new TinyModel().write(directory), output: file })).rejects.toThrow(
    `cannot write ${file}: no such file or folder`
  );
});
