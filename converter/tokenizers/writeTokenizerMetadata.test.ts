import { expect, test } from "vitest";
import { Metadata } from "../../common/gguf/Metadata.js";
import { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { TinyModel } from "../testing/TinyModel.js";
import { writeTokenizerMetadata } from "./writeTokenizerMetadata.js";

const parent = temporaryDirectory();

/** The tokenizer's metadata after a change to the tiny model, by key without its prefix. */
async function describe(change: (model: TinyModel) => void, preTokenizer?: string): Promise<Record<string, unknown>> {
  const model = new TinyModel();
  change(model);
  const directory = await ModelDirectory.open(model.write(parent));
  const metadata = new Metadata();
  await writeTokenizerMetadata(metadata, directory, await directory.readJson("config.json"), {
    vocabularySize: 264,
    preTokenizer,
    warn: () => undefined,
    isLlamaFamily: true
  });
  return Object.fromEntries(
    metadata.entries().map(({ key, value }) => [key.replace(/^tokenizer\.(ggml\.)?/, ""), value])
  );
}

const template = (...items: string[]): object[] =>
  items.map((id) => (/^[AB]$/.test(id) ? { Sequence: { id, type_id: 0 } } : { SpecialToken: { id, type_id: 0 } }));

test("byte-level BPE: every id has a token, holes become unused placeholders", async () => {
  const { model, pre, tokens, token_type: types, merges } = await describe(() => undefined);
  expect([model, pre]).toEqual(["gpt2", "llama-bpe"]);
  expect((tokens as string[]).slice(256)).toEqual([
    "th",
    "the",
    "<s>",
    "</s>",
    "[PAD260]",
    "[PAD261]",
    "[PAD262]",
    "[PAD263]"
  ]);
  expect((types as number[]).slice(256)).toEqual([1, 1, 3, 3, 5, 5, 5, 5]);
  expect(merges).toEqual(["t h", "th e"]);
});

test("both layouts of merges read the same", async () => {
  const merges = async (list: unknown[]): Promise<unknown> =>
    (await describe(({ tokenizer }) => Object.assign(tokenizer["model"] as object, { merges: list })))["merges"];
  expect(await merges(["t h", "th e"])).toEqual(["t h", "th e"]);
  expect(await merges([["t", "h"], "th e"])).toEqual(["t h", "th e"]);
  await expect(merges([[" ", "t"]])).rejects.toThrow('the vocabulary has no " "'); // a space is written as \u0120
  await expect(merges(["t  h"])).rejects.toThrow("not a merge");
  await expect(merges([["a", "b", "c"]])).rejects.toThrow("not a merge");
  await expect(merges([1])).rejects.toThrow("not a merge");
  const deep = describe((model) => {
    Object.assign(model.tokenizer["model"] as object, { merges: ["deep"] });
    const text = JSON.stringify(model.tokenizer).replace('"deep"', "[".repeat(6000) + "]".repeat(6000));
    model.files["tokenizer.json"] = text;
  });
  await expect(deep).rejects.toThrow("holds a list of 1, which is not a merge");
});

test("merges.txt stands in when tokenizer.json has none", async () => {
  const { merges } = await describe((model) => {
    delete (model.tokenizer["model"] as { merges?: unknown }).merges;
    model.files["merges.txt"] = "#version: 0.2\nt h\n\nth e\n";
  });
  expect(merges).toEqual(["t h", "th e"]);
});

test("added tokens: special, special by their looks, and user-defined with plain spaces", async () => {
  const { tokens, token_type: types } = await describe(({ tokenizer }) => {
    tokenizer["added_tokens"] = [
      { id: 258, content: "<special>", special: true },
      { id: 259, content: "<|im_start|>", special: false },
      { id: 260, content: "\u2581word", special: false }
    ];
  });
  expect((tokens as string[]).slice(258, 261)).toEqual(["<special>", "<|im_start|>", " word"]);
  expect((types as number[]).slice(258, 261)).toEqual([3, 3, 4]);
});

test("special tokens: from tokenizer_config.json, then config.json; a list of ids is no id", async () => {
  const metadata = await describe((model) => {
    model.tokenizerConfig = {
      eos_token: { content: "</s>" },
      add_bos_token: true,
      extra_special_tokens: ["<a>", "<b>"]
    };
    Object.assign(model.config, { bos_token_id: 258, eos_token_id: [259, 258], pad_token_id: 9999 });
  });
  expect(metadata).toMatchObject({ bos_token_id: 258, eos_token_id: 259, add_bos_token: true });
  expect(metadata).not.toHaveProperty("padding_token_id");
});

test("a model without BOS stays without, also where llama.cpp would put its token 11 in front of every text", async () => {
  const metadata = await describe((model) => (model.tokenizerConfig = { bos_token: null, eos_token: "</s>" }));
  expect(metadata).not.toHaveProperty("bos_token_id");
  expect(metadata).toMatchObject({ pre: "llama-bpe", add_bos_token: false });
});

test("the post-processor's template tells which tokens surround a text", async () => {
  const { tokenizer } = new TinyModel();
  const processed = (single: object[], pair: object[]): Promise<Record<string, unknown>> =>
    describe((model) => {
      model.tokenizer = { ...tokenizer, post_processor: { type: "TemplateProcessing", single, pair } };
    });
  expect(await processed(template("<s>", "A"), template("<s>", "A", "<s>", "B"))).toMatchObject({
    add_bos_token: true,
    add_sep_token: false
  });
  expect(await processed(template("<s>", "A", "</s>"), template("<s>", "A", "</s>", "B", "</s>"))).toMatchObject({
    add_bos_token: true,
    add_eos_token: true
  });
});

test("a configured end token that only ends turns becomes EOT", async () => {
  const metadata = await describe((model) => {
    model.tokenizerConfig = { eos_token: "<s>" };
    model.tokenizer["post_processor"] = { type: "TemplateProcessing", single: template("A", "</s>"), pair: [] };
  });
  expect(metadata).toMatchObject({ eos_token_id: 259, eot_token_id: 258, add_eos_token: true });
});

test("chat templates: one text, a named list, or a file of their own", async () => {
  expect(await describe((m) => (m.tokenizerConfig["chat_template"] = "one"))).toMatchObject({ chat_template: "one" });
  expect(
    await describe((m) => {
      m.tokenizerConfig["chat_template"] = [
        { name: "default", template: "plain" },
        { name: "tool use", template: "tools" }
      ];
    })
  ).toMatchObject({ chat_template: "plain", "chat_template.tool_use": "tools", chat_templates: ["tool_use"] });
  expect(await describe((m) => (m.files["chat_template.jinja"] = "from file"))).toMatchObject({
    chat_template: "from file"
  });
  expect(
    await describe((m) => (m.files["chat_template.json"] = JSON.stringify({ chat_template: "from json" })))
  ).toMatchObject({ chat_template: "from json" });
});

test("a named pre-tokenizer is taken instead of recognising one", async () => {
  const odd = (model: TinyModel): unknown => (model.tokenizer["pre_tokenizer"] = { type: "Whitespace" });
  await expect(describe(odd)).rejects.toThrow("splits text by Whitespace");
  expect(await describe(odd, "qwen2")).toMatchObject({ pre: "qwen2" });
});

test("a SentencePiece vocabulary that survives as tokenizer.json is scored by its merges", async () => {
  const metadata = await describe(({ tokenizer }) => {
    const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
    const texts = ["<unk>", "t", "h", "e", "th", "the", ...bytes];
    tokenizer["added_tokens"] = [{ id: 0, content: "<unk>", special: true }];
    tokenizer["normalizer"] = { type: "Replace", pattern: { String: " " }, content: "\u2581" };
    tokenizer["pre_tokenizer"] = null;
    tokenizer["model"] = {
      type: "BPE",
      byte_fallback: true,
      unk_token: "<unk>",
      vocab: Object.fromEntries(texts.map((text, id) => [text, id])),
      merges: ["t h", "th e"]
    };
  });
  expect(metadata).toMatchObject({ model: "llama", pre: "default", add_space_prefix: false });
  const types = metadata["token_type"] as number[];
  expect([types.slice(0, 7), types.slice(261)]).toEqual([
    [2, 1, 1, 1, 1, 1, 6],
    [6, 5, 5]
  ]);
  const scores = metadata["scores"] as number[];
  expect(scores[4]).toBeGreaterThan(scores[5] as number);
  expect(scores[5]).toBeGreaterThan(scores[1] as number);
});

test("Llama 3's ranks under the name tokenizer.model are not mistaken for SentencePiece", async () => {
  const metadata = await describe((model) => (model.files["tokenizer.model"] = "IQ== 0\nIg== 1\n"));
  expect(metadata).toMatchObject({ model: "gpt2" });
});
