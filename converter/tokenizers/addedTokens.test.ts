import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import {
  addedToken,
  changed,
  type Files,
  type Json,
  readJson,
  TokenizerBench,
  valueOf
} from "../testing/TokenizerBench.js";

const bench = new TokenizerBench(temporaryDirectory());

const LLAMA_2_CONFIG = "testing/forms/llama2-spm/tokenizer_config.json";

describe("added tokens", () => {
  const llama = readJson("models/demo/tokenizer.json");
  const bare = { "tokenizer_config.json": {} };
  /** Llama 3's tokenizer with the last of its five added tokens changed. */
  const withLast = (change: Json): Files => ({
    ...bare,
    "tokenizer.json": {
      ...llama,
      added_tokens: [...(llama["added_tokens"] as Json[]).slice(0, 4), addedToken(2047, "<|eot_id|>", change)]
    }
  });
  const convertLlama = (files: Files, size?: number): ReturnType<typeof bench.convert> =>
    bench.convert("llama3-rope-untied", files, size);

  test.each<[string, Json, string]>([
    ["a text that a token has", { content: "x" }, '"x" should have id 2047, but the tokenizers library gives it 87'],
    ["no text", { content: "" }, "the added token 2047 has no text"],
    ["a NUL", { content: "\0" }, "the added token 2047 has a NUL"],
    ["a NUL after a text that a token has", { content: "x\0y" }, "has a NUL"],
    ["another id than the next", { id: 2046 }, '"<|eot_id|>" should have id 2046'],
    ["a hole before it", { id: 2050 }, '"<|eot_id|>" should have id 2050']
  ])("%s is refused", async (_, change, message) => {
    await expect(convertLlama(withLast(change), 2100)).rejects.toThrow(message);
  });

  test.each<[string, string, string]>([
    ["x", "tokens 1 and 1441 of the vocabulary are the same", "x"],
    ["</s>", "tokens 1 and 2 of the vocabulary are the same", "</s>"],
    ["no text", "the added token 1 has no text", ""],
    ["NUL", "the added token 1 has a NUL", "\0"]
  ])("SentencePiece with a token renamed to %s is refused", async (_, message, content) => {
    const config = readJson(LLAMA_2_CONFIG);
    const decoder = config["added_tokens_decoder"] as Json;
    const renamed = { ...config, added_tokens_decoder: { ...decoder, 1: { content, special: true } } };
    await expect(bench.convert("llama2-spm", { "tokenizer_config.json": renamed })).rejects.toThrow(message);
  });

  test("tokens beyond the embedding are named: added ones are left out, others belong to another model", async () => {
    const added = [...(llama["added_tokens"] as Json[]), addedToken(2048, "<unk>"), addedToken(2049, "[PAD]")];
    const { metadata, warnings } = await convertLlama({ ...bare, "tokenizer.json": { ...llama, added_tokens: added } });
    expect(valueOf(metadata, "tokens")).toHaveLength(2048);
    expect(warnings).toEqual([
      expect.stringContaining(`has "<unk>", "[PAD]", beyond the model's 2048 embeddings`) as string
    ]);
    await expect(convertLlama({}, 2042)).rejects.toThrow('has "omain" beyond the 2042 embeddings');
    await expect(bench.convert("llama2-spm", {}, 1400)).rejects.toThrow("beyond the 1400 embeddings");
  });

  test("a placeholder gives way to a token of its name", async () => {
    const { metadata } = await convertLlama(withLast({ content: "[PAD2048]" }), 2050);
    expect((valueOf(metadata, "tokens") as string[]).slice(2047)).toEqual(["[PAD2048]", "[[PAD2048]]", "[PAD2049]"]);
  });

  test("what they do to the text beside them is said; a word of its own within words is refused", async () => {
    const said = async (change: Json): Promise<string[]> => (await convertLlama(withLast(change))).warnings;
    expect(await said({})).toEqual([]);
    expect(await said({ normalized: true })).toEqual([]);
    expect(await said({ lstrip: true })).toEqual([expect.stringContaining('white space beside "<|eot_id|>"')]);
    expect(await said({ rstrip: true })).toEqual([expect.stringContaining('white space beside "<|eot_id|>"')]);
    expect(await said({ single_word: true })).toEqual([expect.stringContaining("where letters touch it too")]);
    const word = withLast({ content: "fox", special: false, single_word: true });
    await expect(convertLlama(word)).rejects.toThrow('"fox" is matched only as a word of its own');
  });

  test("special tokens that the configuration names are such without being added", async () => {
    const { vocab } = llama["model"] as { vocab: Json };
    const texts = (llama["added_tokens"] as { content: string; id: number }[]).map(({ content, id }) => [content, id]);
    const tokenizer = {
      ...changed(llama, "model", { vocab: { ...vocab, ...(Object.fromEntries(texts) as Json) } }),
      added_tokens: [],
      post_processor: null
    };
    const map = { bos_token: "<|begin_of_text|>", eos_token: { content: "<|end_of_text|>" } };
    for (const files of [
      { "tokenizer_config.json": map },
      { "tokenizer_config.json": {}, "special_tokens_map.json": map }
    ] as Files[]) {
      const { metadata } = await convertLlama({ "tokenizer.json": tokenizer, ...files });
      expect((valueOf(metadata, "token_type") as number[]).slice(2042)).toEqual([1, 3, 3, 1, 1, 1]);
      expect(valueOf(metadata, "eos_token_id")).toBe(2044);
    }
  });

  test("where tokenizer_config.json gives an id to another text, tokenizer.json's is taken", async () => {
    const config = { added_tokens_decoder: { 2047: { content: "<renamed>", special: true } } };
    const { metadata, warnings } = await convertLlama({ "tokenizer_config.json": config });
    expect((valueOf(metadata, "tokens") as string[]).at(-1)).toBe("<|eot_id|>");
    expect(warnings).toEqual([expect.stringContaining('gives "<renamed>" the id of another token')]);
  });

  test("very many are no trouble", async () => {
    const many = Array.from({ length: 200_000 }, (_, i) => addedToken(2043 + i, `<${i}>`));
    const tokenizer = { ...llama, post_processor: null, added_tokens: many };
    const { warnings } = await convertLlama({ ...bare, "tokenizer.json": tokenizer });
    expect(warnings).toEqual([expect.stringMatching(/and 19\d+ more, beyond the model's 2048 embeddings/)]);
  });
});
