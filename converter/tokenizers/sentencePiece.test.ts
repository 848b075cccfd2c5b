import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Metadata } from "../../common/gguf/Metadata.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import {
  addedToken,
  type Json,
  readJson,
  SENTENCE_PIECES,
  TokenizerBench,
  valueOf
} from "../testing/TokenizerBench.js";
import { readSentencePieceModel, type SentencePieceModel } from "./readSentencePieceModel.js";
import { readSentencePieceVocabulary } from "./readSentencePieceVocabulary.js";
import type { Vocabulary } from "./Vocabulary.js";

const bench = new TokenizerBench(temporaryDirectory());
const LLAMA_2_CONFIG = "testing/forms/llama2-spm/tokenizer_config.json";

describe("SentencePiece saved as tokenizer.json", () => {
  const MARK = "\u2581";
  const replace = { type: "Replace", pattern: { String: " " }, content: MARK };
  const prepend = { type: "Prepend", prepend: MARK };
  const sequence = (...normalizers: Json[]): Json => ({ type: "Sequence", normalizers });
  const metaspace = (scheme: string, flags: Json = {}): Json => ({
    ...{ type: "Metaspace", replacement: MARK, prepend_scheme: scheme, split: false },
    ...flags
  });

  /** As transformers makes it of tokenizer.model: a merge for each way in which a token is made of two. */
  function saved(parts: { normalizer?: Json; pre_tokenizer?: Json; added?: Json[] }): Json {
    const { pieces } = readSentencePieceModel(readFileSync(SENTENCE_PIECES), SENTENCE_PIECES);
    const vocab = new Map(pieces.map(({ text }, id) => [text, id]));
    const merges = pieces.flatMap(({ text }) =>
      Array.from({ length: text.length - 1 }, (_, at) => [text.slice(0, at + 1), text.slice(at + 1)]).filter((pair) =>
        pair.every((part) => vocab.has(part))
      )
    );
    return {
      added_tokens: [...["<unk>", "<s>", "</s>"].map((content, id) => addedToken(id, content)), ...(parts.added ?? [])],
      normalizer: parts.normalizer ?? null,
      pre_tokenizer: parts.pre_tokenizer ?? null,
      model: {
        ...{
          type: "BPE",
          dropout: null,
          unk_token: "<unk>",
          fuse_unk: true,
          byte_fallback: true,
          ignore_merges: false
        },
        vocab: Object.fromEntries(vocab),
        merges
      }
    };
  }

  const PLAIN = [
    [1467, 442, 313, 284, 270, 364],
    [1089, 281, 1439, 1441, 741, 13, 263, 267, 632, 1406, 1441, 890, 1406, 1452],
    [1412, 1411, 198, 178, 355, 1406, 233, 154, 168, 233, 159, 175, 1406, 243, 162, 155, 131],
    [1202, 259, 1413, 1420, 333, 269]
  ];
  const PREFIXED = [
    [523, ...(PLAIN[0]?.slice(1) ?? [])],
    [473, ...(PLAIN[1]?.slice(1) ?? [])],
    [303, ...(PLAIN[2]?.slice(1) ?? [])],
    [259, 1408, 1035, 259, 1413, 1420, 333, 269]
  ];
  const without = { "tokenizer.model": undefined };

  test.each<[string, Json, number[][]]>([
    ["a lone Replace", { normalizer: replace }, PLAIN],
    ["a Replace in a sequence", { normalizer: sequence(replace) }, PLAIN],
    ["Metaspace without a prefix", { pre_tokenizer: metaspace("never") }, PLAIN],
    [
      "a Replace, then a split at spaces that are no more",
      {
        normalizer: replace,
        pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious" }
      },
      PLAIN
    ],
    ["Prepend and Replace", { normalizer: sequence(prepend, replace) }, PREFIXED],
    ["Replace and Prepend", { normalizer: sequence(replace, prepend) }, PREFIXED]
  ])("%s", async (_, parts, expected) => {
    for (const form of ["llama2-spm", "mistral-spm"]) {
      for (const beside of [without, {}]) {
        const { metadata, warnings } = await bench.convert(form, { "tokenizer.json": saved(parts), ...beside });
        expect(await bench.tokenize(metadata)).toEqual(expected);
        expect(warnings).toEqual([]);
      }
    }
  });

  test.each([
    ["always", {}, [/begins with one too/]],
    ["first", {}, [/begins with one too/, /after every added token/]],
    [undefined, { add_prefix_space: true }, [/begins with one too/]]
  ] as [string, Json, RegExp[]][])(
    "Metaspace with a prefix %s: what it does otherwise is said",
    async (scheme, flags, said) => {
      const tokenizer = saved({ pre_tokenizer: metaspace(scheme, flags) });
      const { metadata, warnings } = await bench.convert("llama2-spm", { ...without, "tokenizer.json": tokenizer });
      expect((await bench.tokenize(metadata)).slice(0, 3)).toEqual(PREFIXED.slice(0, 3));
      expect(warnings).toHaveLength(said.length);
      for (const [i, pattern] of said.entries()) expect(warnings[i]).toMatch(pattern);
    }
  );

  test("without scheme or prefix, as older files have it", async () => {
    const tokenizer = saved({
      pre_tokenizer: { type: "Metaspace", replacement: MARK, add_prefix_space: false, split: false }
    });
    const { metadata } = await bench.convert("llama2-spm", { ...without, "tokenizer.json": tokenizer });
    expect(await bench.tokenize(metadata)).toEqual(PLAIN);
  });

  test.each<[string, Json, RegExp]>([
    [
      "splits at each space, though tokens hold several",
      { pre_tokenizer: metaspace("never", { split: true }) },
      /before every space/
    ],
    ["another mark", { pre_tokenizer: metaspace("never", { replacement: "_" }) }, /writes a space as "_"/],
    [
      "digits apart",
      { normalizer: replace, pre_tokenizer: { type: "Digits", individual_digits: true } },
      /by single digits/
    ],
    ["another normalizer", { normalizer: sequence({ type: "NFKC" }, replace) }, /\(NFKC\)/],
    [
      "stripping",
      { normalizer: sequence({ type: "Strip", strip_left: false, strip_right: true }, replace) },
      /\(Strip\)/
    ],
    ["two prefixes", { normalizer: sequence(prepend, prepend, replace) }, /\(Prepend\)/]
  ])("%s is refused", async (_, parts, message) => {
    const files = { ...without, "tokenizer.json": saved(parts) };
    await expect(bench.convert("llama2-spm", files)).rejects.toThrow(message);
  });

  test("tokenizer_config.json says of a Llama class whether text gets a space in front", async () => {
    const tokenizer = saved({ normalizer: replace });
    const config = { tokenizer_class: "LlamaTokenizer", add_prefix_space: true };
    const files = { ...without, "tokenizer.json": tokenizer, "tokenizer_config.json": config };
    const { metadata, warnings } = await bench.convert("llama2-spm", files);
    expect(await bench.tokenize(metadata)).toEqual(PREFIXED);
    expect(warnings[0]).toMatch(/contradicts tokenizer\.json; tokenizer_config\.json is followed/);

    const other = await bench.convert("llama2-spm", {
      ...files,
      "tokenizer_config.json": { ...config, tokenizer_class: "PreTrainedTokenizerFast" }
    });
    expect(await bench.tokenize(other.metadata)).toEqual(PLAIN);
    expect(valueOf(other.metadata, "add_space_prefix")).toBe(false);
  });

  test("tokenizer.model alone: a prefix unless tokenizer_config.json says no", async () => {
    const config = readJson(LLAMA_2_CONFIG);
    for (const change of [{}, { legacy: true }, { add_prefix_space: true }, { add_prefix_space: null }]) {
      const { metadata } = await bench.convert("llama2-spm", { "tokenizer_config.json": { ...config, ...change } });
      expect(await bench.tokenize(metadata)).toEqual(PREFIXED);
    }
    const files = { "tokenizer_config.json": { ...config, add_prefix_space: false } };
    expect(await bench.tokenize((await bench.convert("llama2-spm", files)).metadata)).toEqual(PLAIN);
  });

  const chatTokens = [addedToken(1500, "<|im_start|>"), addedToken(1501, "<|im_end|>", { special: false })];

  test("tokens that only tokenizer.json has are there beside tokenizer.model too", async () => {
    const tokenizer = saved({ normalizer: sequence(prepend, replace), added: chatTokens });
    for (const beside of [without, {}]) {
      const { metadata } = await bench.convert("llama2-spm", { "tokenizer.json": tokenizer, ...beside }, 1503);
      expect((valueOf(metadata, "tokens") as string[]).slice(1500)).toEqual([
        "<|im_start|>",
        "<|im_end|>",
        "[PAD1502]"
      ]);
      expect((valueOf(metadata, "token_type") as number[]).slice(1500)).toEqual([3, 3, 5]);
      expect(await bench.tokenize(metadata)).toEqual(PREFIXED);
    }
  });

  test("a token among words, where text gets a space in front after it as well", async () => {
    for (const normalized of [false, true]) {
      const added = [addedToken(1500, "<new>", { special: false, normalized })];
      const tokenizer = saved({ normalizer: sequence(prepend, replace), added });
      const { metadata, warnings } = await bench.convert(
        "llama2-spm",
        { ...without, "tokenizer.json": tokenizer },
        1501
      );
      // In normalized text the tokenizer finds it only behind a space.
      if (normalized)
        expect(warnings).toEqual([expect.stringContaining('"<new>" everywhere, the tokenizer only after a')]);
      else
        expect(await bench.tokenize(metadata, ["a<new>b <new> c"])).toEqual([[265, 1500, 283, 1406, 1500, 259, 1417]]);
    }
  });

  test("tokens that only added_tokens.json has", async () => {
    const config = { ...readJson(LLAMA_2_CONFIG), added_tokens_decoder: undefined };
    const { metadata } = await bench.convert(
      "llama2-spm",
      { "added_tokens.json": { "<|im_start|>": 1500, "<new>": 1501 }, "tokenizer_config.json": config },
      1502
    );
    expect((valueOf(metadata, "tokens") as string[]).slice(1500)).toEqual(["<|im_start|>", "<new>"]);
    expect((valueOf(metadata, "token_type") as number[]).slice(1500)).toEqual([3, 4]);
  });

  test("a tokenizer.model of other tokens is left aside", async () => {
    const tokenizer = saved({ normalizer: replace });
    const { vocab } = tokenizer["model"] as { vocab: Json };
    const { "&": last, ...others } = vocab;
    tokenizer["model"] = { ...(tokenizer["model"] as Json), vocab: { ...others, "\u00b6": last } };
    const { metadata, warnings } = await bench.convert("llama2-spm", { "tokenizer.json": tokenizer });
    expect((valueOf(metadata, "tokens") as string[]).at(-1)).toBe("\u00b6");
    expect(warnings.join()).toMatch(/holds other tokens than tokenizer\.json and is left aside/);

    const { metadata: alone } = await bench.convert("llama3-rope-untied", {});
    for (const stale of [readFileSync(SENTENCE_PIECES), Buffer.from("no model at all")]) {
      const beside = await bench.convert("llama3-rope-untied", { "tokenizer.model": stale });
      expect(beside.metadata.entries()).toEqual(alone.entries());
      expect(beside.warnings).toHaveLength(1);
    }
  });

  test("merges that scores cannot express are said", async () => {
    const tokenizer = saved({ normalizer: replace });
    const model = tokenizer["model"] as { merges: [string, string][] };
    const interleaved = [...model.merges.slice(1), ...model.merges.slice(0, 1)];
    const missing = model.merges.filter(([left]) => left !== "t");
    for (const merges of [interleaved, missing]) {
      const changedModel = { ...tokenizer, model: { ...model, merges } };
      const { warnings } = await bench.convert("llama2-spm", { ...without, "tokenizer.json": changedModel });
      if (merges === missing) expect(warnings.join()).toMatch(/where the merges of .* lead to other tokens/);
      else expect(warnings).toEqual([]); // the order of merges is that of scores again
    }
  });

  test("bytes without a token are refused: llama.cpp ends the process at such a character", async () => {
    const tokenizer = saved({ normalizer: replace });
    const model = tokenizer["model"] as { vocab: Json };
    const vocab = Object.fromEntries(
      Object.entries(model.vocab).map(([text, id]) => [text.replace("<0xE2>", "<0xe2>"), id])
    );
    const files = { ...without, "tokenizer.json": { ...tokenizer, model: { ...model, vocab } } };
    await expect(bench.convert("llama2-spm", files)).rejects.toThrow("has no token <0xE2>");
  });
});

describe("tokenizer.model", () => {
  const model = readSentencePieceModel(readFileSync(SENTENCE_PIECES), SENTENCE_PIECES);
  type Change = Partial<Omit<SentencePieceModel, "normalization">> & {
    normalization?: Partial<SentencePieceModel["normalization"]>;
  };
  function read(change: Change): { vocabulary: Vocabulary; warnings: string[] } {
    const warnings: string[] = [];
    const vocabulary = readSentencePieceVocabulary(
      { ...model, ...change, normalization: { ...model.normalization, ...change.normalization } },
      { vocabularySize: 1500, added: new Map(), specialTexts: new Set(), warn: (message) => warnings.push(message) }
    );
    return { vocabulary, warnings };
  }

  test("user-defined pieces are found whole", async () => {
    const pieces = model.pieces.map((piece, id) => (id === 1400 ? { ...piece, text: "<fox>", type: 4 } : piece));
    const { vocabulary, warnings } = read({ pieces, normalization: { prefixesSpace: false } });
    const metadata = new Metadata();
    metadata.string("general.architecture", "llama");
    metadata.string("tokenizer.ggml.model", vocabulary.model);
    metadata.bool("tokenizer.ggml.add_space_prefix", vocabulary.prefixesSpace);
    metadata.strings("tokenizer.ggml.tokens", vocabulary.tokens);
    metadata.float32s("tokenizer.ggml.scores", vocabulary.scores ?? []);
    metadata.int32s("tokenizer.ggml.token_type", vocabulary.types);
    // Of sentencepiece 0.2.2, with the same change to the file.
    expect(await bench.tokenize(metadata, ["a<fox>b <fox>", "fox", "<fox><fox> fo"])).toEqual([
      [1411, 1400, 1425, 1406, 1400],
      [1422, 1410, 1441],
      [1400, 1400, 281, 1410]
    ]);
    expect(warnings).toEqual([]);
    expect(read({ pieces }).warnings).toEqual([expect.stringContaining('after "<fox>"')]);
  });

  test("what it does to text that llama.cpp does not is said or refused", () => {
    expect(read({}).warnings).toEqual([]);
    expect(read({ normalization: { removesExtraSpaces: true } }).warnings).toEqual([
      expect.stringContaining("makes one space of several")
    ]);
    for (const algorithm of ["unigram", "word", "character"] as const) {
      expect(() => read({ algorithm })).toThrow(`is a ${algorithm} model`);
    }
    expect(() => read({ normalization: { replacesCharacters: true } })).toThrow("normalizes characters");
    expect(() => read({ normalization: { marksSpaces: false } })).toThrow("marks spaces in a way of its own");
    expect(() => read({ normalization: { marksSpacesBehind: true } })).toThrow("marks spaces in a way of its own");
    const pieces = model.pieces.map((piece) =>
      piece.type === 6 ? { ...piece, type: 1, text: `b${piece.text}` } : piece
    );
    expect(() => read({ pieces })).toThrow("has no token <0x00>");
  });
});
