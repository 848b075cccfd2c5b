import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { changed, type Json, readJson, TokenizerBench, valueOf } from "../testing/TokenizerBench.js";

const bench = new TokenizerBench(temporaryDirectory());

describe("byte-level BPE", () => {
  const LLAMA = [
    [39, 573, 318, 281, 266, 362],
    [1178, 279, 7, 87, 1087, 317, 760, 1815, 998, 220, 16],
    [1957, 127, 107, 342, 220, 162, 245, 98, 162, 250, 105, 220, 172, 253, 246, 222],
    [1158, 220, 1985, 1680]
  ];
  const QWEN = [
    [39, 573, 318, 2616, 362],
    [1173, 279, 3351, 1084, 317, 759, 1801, 996, 220, 16],
    [1940, 127, 107, 342, 220, 162, 245, 98, 162, 250, 105, 220, 172, 253, 246, 222],
    [1154, 220, 1967, 1670]
  ];
  // GPT-2's pattern has no colon with the line end that follows it.
  const GPT_2 = [QWEN[0], [1173, 279, 7, 87, 2320, 198, 317, 759, 1801, 996, 220, 16], QWEN[2], QWEN[3]];

  const llama = readJson("models/demo/tokenizer.json");
  const qwen = readJson("testing/forms/tokenizers/qwen.json");
  const convertLlama = (tokenizer: Json): ReturnType<typeof bench.convert> =>
    bench.convert("llama3-rope-untied", { "tokenizer.json": tokenizer });
  const convertQwen = (tokenizer: Json): ReturnType<typeof bench.convert> =>
    bench.convert("qwen2-tied", { "tokenizer.json": tokenizer });

  test.each<[string, Json]>([
    ["as it is", {}],
    ["byte_fallback, which bytes that all have tokens never need", { byte_fallback: true }],
    ["an unknown token that nothing needs", { unk_token: "x", fuse_unk: true }],
    ["merges ignored, where they lead to every token", { ignore_merges: true }],
    ["affixes that are empty", { continuing_subword_prefix: "", end_of_word_suffix: "" }]
  ])("%s", async (_, change) => {
    const { metadata, warnings } = await convertLlama(changed(llama, "model", change));
    expect(valueOf(metadata, "model")).toBe("gpt2");
    expect(valueOf(metadata, "pre")).toBe("llama-bpe");
    expect(await bench.tokenize(metadata)).toEqual(LLAMA);
    expect(warnings).toEqual([]);
  });

  test("a long text, cut where a line, a word or a character ends", async () => {
    const { metadata } = await convertLlama(llama);
    for (const part of ["The quick brown fox.\n", " jumps", "\u8a9e"]) {
      const [once = [], twice = [], many] = await bench.tokenize(metadata, [part, part.repeat(2), part.repeat(20_000)]);
      const next = twice.slice(once.length);
      const expected = [...once, ...Array.from({ length: 19_999 }, () => next).flat()];
      expect(many).toEqual(expected);
    }
  });

  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };
  const preTokenizers = (...pretokenizers: Json[]): Json => ({ pre_tokenizer: { type: "Sequence", pretokenizers } });
  const [split] = (qwen["pre_tokenizer"] as { pretokenizers: [Json] }).pretokenizers;

  test.each<[string, Json, (number[] | undefined)[]]>([
    ["normalizers that do nothing", { normalizer: { type: "Sequence", normalizers: [] } }, QWEN],
    ["a Strip of neither side", { normalizer: { type: "Strip", strip_left: false, strip_right: false } }, QWEN],
    [
      "a split that keeps what matches",
      preTokenizers({ ...split, behavior: "Removed", invert: true }, { ...byteLevel, use_regex: false }),
      QWEN
    ],
    ["GPT-2's own split", { pre_tokenizer: byteLevel }, GPT_2],
    ["digits apart, then GPT-2's split", preTokenizers({ type: "Digits", individual_digits: true }, byteLevel), GPT_2]
  ])("%s", async (_, parts, expected) => {
    const { metadata, warnings } = await convertQwen({ ...qwen, ...parts });
    expect(await bench.tokenize(metadata)).toEqual(expected);
    expect(warnings).toEqual([]);
  });

  test("normal form C is said, and composed text is the same", async () => {
    for (const normalizer of [{ type: "NFC" }, { type: "Sequence", normalizers: [{ type: "NFC" }] }]) {
      const { metadata, warnings } = await convertQwen({ ...qwen, normalizer });
      expect(await bench.tokenize(metadata)).toEqual(QWEN);
      expect(warnings).toEqual([expect.stringContaining("normal form C")]);
    }
  });

  test.each<[string, Json]>([
    ["NFKC", {}],
    ["NFD", {}],
    ["NFKD", {}],
    ["Lowercase", {}],
    ["StripAccents", {}],
    ["Nmt", {}],
    ["Strip", { strip_left: true, strip_right: false }],
    ["Prepend", { prepend: "\u2581" }],
    ["Replace", { pattern: { String: "a" }, content: "b" }],
    ["Precompiled", { precompiled_charsmap: "" }],
    ["BertNormalizer", { clean_text: false, handle_chinese_chars: false, strip_accents: null, lowercase: true }]
  ])("the normalizer %s is refused", async (type, fields) => {
    const normalizer = { type, ...fields };
    await expect(convertQwen({ ...qwen, normalizer })).rejects.toThrow(`(${type})`);
    const normalizers = [{ type: "NFC" }, normalizer];
    await expect(convertQwen({ ...qwen, normalizer: { type: "Sequence", normalizers } })).rejects.toThrow(`(${type})`);
  });

  test.each<[string, Json, string]>([
    [
      "a space in front",
      preTokenizers(split, { ...byteLevel, add_prefix_space: true, use_regex: false }),
      "add_prefix_space"
    ],
    [
      "another behaviour",
      preTokenizers({ ...split, behavior: "MergedWithNext" }, { ...byteLevel, use_regex: false }),
      "(MergedWithNext)"
    ],
    [
      "what the pattern does not match",
      preTokenizers({ ...split, invert: true }, { ...byteLevel, use_regex: false }),
      "inverted"
    ],
    ["bytes first", preTokenizers({ ...byteLevel, use_regex: false }, split), "(on bytes)"],
    ["no bytes", preTokenizers(split), "characters, not bytes"],
    ["nothing at all", { pre_tokenizer: null }, "characters, not bytes"],
    ["runs of digits", preTokenizers({ type: "Digits", individual_digits: false }, byteLevel), "by digits"]
  ])("splitting by %s is refused", async (_, parts, message) => {
    await expect(convertQwen({ ...qwen, ...parts })).rejects.toThrow(message);
  });

  test.each(["continuing_subword_prefix", "end_of_word_suffix"])("%s is refused", async (field) => {
    await expect(convertQwen(changed(qwen, "model", { [field]: "</w>" }))).rejects.toThrow(field);
  });

  test("what changes some texts at random, and what nobody knows, is said", async () => {
    const strange = { ...changed(qwen, "model", { dropout: 0.1, cache_size: 7 }), prefix: 1 };
    const { warnings } = await convertQwen(strange);
    expect(warnings).toEqual([
      expect.stringContaining('"prefix"'),
      expect.stringContaining("dropout"),
      expect.stringContaining('"cache_size"')
    ]);
    expect((await convertQwen(changed(qwen, "model", { dropout: 0 }))).warnings).toEqual([]);
  });

  test("merges that do not lead to a token: a name of llama.cpp's for each treatment, else it is said", async () => {
    // "Ġworld" in Q; in L "Ġw", "or", "ld" are no token together. Without its merge a token is found only as a whole.
    const { vocab, merges } = llama["model"] as { vocab: Json; merges: [string, string][] };
    const unreachable = merges.filter((pair) => pair.join("") !== "the");
    expect(Object.keys(vocab)).toContain("the");
    const given = (ignore_merges: boolean): Json => changed(llama, "model", { merges: unreachable, ignore_merges });
    expect(valueOf((await convertLlama(given(true))).metadata, "pre")).toBe("llama-bpe");
    const { metadata, warnings } = await convertLlama(given(false));
    expect(valueOf(metadata, "pre")).toBe("dbrx");
    expect(warnings).toEqual([]);
    const whole = vocab["the"];
    expect(await bench.tokenize((await convertLlama(given(true))).metadata, ["the"])).toEqual([[whole]]);
    expect((await bench.tokenize(metadata, ["the"]))[0]).toHaveLength(2);

    const qwenModel = qwen["model"] as { merges: [string, string][] };
    const change = { merges: qwenModel.merges.filter((pair) => pair.join("") !== "the"), ignore_merges: true };
    expect((await convertQwen(changed(qwen, "model", change))).warnings).toEqual([
      expect.stringContaining('takes "the", "-the" whole')
    ]);
  });

  test("merges of what the vocabulary does not have are refused; of one that is there twice the last counts", async () => {
    const { merges } = llama["model"] as { merges: [string, string][] };
    const given = (list: unknown[]): Json => changed(llama, "model", { merges: list });
    await expect(convertLlama(given([...merges, ["z", "q"]]))).rejects.toThrow('has no "zq"');
    const { metadata } = await convertLlama(given([...merges, merges[0]]));
    expect(valueOf(metadata, "merges")).toEqual([...merges.slice(1), merges[0]].map((pair) => pair?.join(" ")));
  });

  test("ids that two tokens have are refused", async () => {
    const { vocab } = llama["model"] as { vocab: Json };
    const twice = changed(llama, "model", { vocab: { ...vocab, zzzz: 5 } });
    await expect(convertLlama(twice)).rejects.toThrow('"&" and "zzzz" have the same id, 5');
  });

  test("BOS and EOS are added as the post-processor says", async () => {
    const special = (id: string): Json => ({ SpecialToken: { id, type_id: 0 } });
    const template = (...single: Json[]): Json => ({
      ...llama,
      post_processor: { type: "TemplateProcessing", single, pair: [], special_tokens: {} }
    });
    const text = { Sequence: { id: "A", type_id: 0 } };
    const keys = ["bos_token_id", "add_bos_token", "add_eos_token"];
    const given = async (tokenizer: Json): Promise<unknown[]> => {
      const { metadata } = await convertLlama(tokenizer);
      return keys.map((key) => valueOf(metadata, key));
    };
    expect(await given({ ...llama, post_processor: null })).toEqual([2043, false, undefined]);
    expect(await given({ ...llama, post_processor: { type: "ByteLevel" } })).toEqual([2043, false, undefined]);
    expect(await given(template(special("<|begin_of_text|>"), text, special("<|end_of_text|>")))).toEqual([
      2043,
      true,
      true
    ]);
    expect(await given(template(special("<|eot_id|>"), text))).toEqual([2047, true, undefined]);
    const roberta = { type: "RobertaProcessing", cls: ["<|begin_of_text|>", 2043], sep: ["<|end_of_text|>", 2044] };
    expect(await given({ ...llama, post_processor: roberta })).toEqual([2043, true, true]);
    const two = template(special("<|eot_id|>"), special("<|begin_of_text|>"), text);
    await expect(convertLlama(two)).rejects.toThrow('adds "<|eot_id|>", "<|begin_of_text|>" to every text');
  });
});
