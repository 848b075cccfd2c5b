import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeGgufHeader } from "../../common/gguf/encodeGgufHeader.js";
import { Metadata } from "../../common/gguf/Metadata.js";
import { packageRoot } from "../../common/package.js";
import { loadNativeAddon } from "../../plugin/runtime/toolAddons.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import type { ConverterAddon } from "../ConverterAddon.js";
import { ModelDirectory } from "../huggingFace/ModelDirectory.js";
import { readSentencePieceModel, type SentencePieceModel } from "./readSentencePieceModel.js";
import { readSentencePieceVocabulary } from "./readSentencePieceVocabulary.js";
import type { Vocabulary } from "./Vocabulary.js";
import { writeTokenizerMetadata } from "./writeTokenizerMetadata.js";

/*
 * Tokenizers as they are saved in the wild, each converted and run by llama.cpp. The ids are those of the Python package
 * tokenizers 0.23.2: Tokenizer.from_file("tokenizer.json").encode(text, add_special_tokens=False).ids
 */
const TEXTS = ["Hello world", "def f(x):\n    return x + 1", "naïve 日本 😀", " two  spaces"];

const parent = temporaryDirectory();
let addon: ConverterAddon;
beforeAll(async () => {
  addon = await loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: true });
});

type Json = Record<string, unknown>;
/** Contents of files by name; undefined for one to leave out. */
type Files = Record<string, Json | Uint8Array | undefined>;

/** A form's tokenizer with files in place of its own. */
async function convertTokenizer(
  form: string,
  files: Files,
  vocabularySize = VOCABULARY_SIZES[form] ?? NaN
): Promise<{ metadata: Metadata; warnings: string[] }> {
  const folder = path.join(parent, form);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const own = Object.entries(FORM_FILES[form] ?? {}).map(([name, file]): [string, Uint8Array] => [
    name,
    readFileSync(path.join(packageRoot, file))
  ]);
  for (const [name, content] of Object.entries({ ...Object.fromEntries(own), ...files })) {
    if (content === undefined) continue;
    writeFileSync(path.join(folder, name), content instanceof Uint8Array ? content : JSON.stringify(content));
  }
  const directory = await ModelDirectory.open(folder);
  const metadata = new Metadata();
  metadata.string("general.architecture", "llama");
  const warnings: string[] = [];
  await writeTokenizerMetadata(metadata, directory, await directory.readJson("config.json"), {
    vocabularySize,
    preTokenizer: undefined,
    warn: (message) => warnings.push(message),
    isLlamaFamily: true
  });
  return { metadata, warnings };
}

/** Files that describe a form's tokenizer. */
const FORM_FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.fromEntries(
  [
    ["llama2-spm", "tokenizer.model", "testing/forms/tokenizers/llama.model"],
    ["mistral-spm", "tokenizer.model", "testing/forms/tokenizers/llama.model"],
    ["llama3-rope-untied", "tokenizer.json", "models/demo/tokenizer.json"],
    ["qwen2-tied", "tokenizer.json", "testing/forms/tokenizers/qwen.json"]
  ].map(([form, name, tokenizer]) => [
    form,
    {
      "config.json": `testing/forms/${form}/config.json`,
      "tokenizer_config.json": `testing/forms/${form}/tokenizer_config.json`,
      [name as string]: tokenizer
    }
  ])
) as Record<string, Record<string, string>>;

const VOCABULARY_SIZES: Readonly<Record<string, number>> = {
  "llama2-spm": 1500,
  "mistral-spm": 1500,
  "llama3-rope-untied": 2048,
  "qwen2-tied": 4096
};

/** Ids that llama.cpp has for texts, without those that are added to every text. */
async function tokenize(metadata: Metadata, texts: readonly string[] = TEXTS): Promise<number[][]> {
  const file = path.join(parent, "vocabulary.gguf");
  writeFileSync(file, encodeGgufHeader(metadata.entries(), []).header);
  const ids: number[][] = [];
  for (const text of texts) ids.push([...(await addon.tokenize(file, text).result).tokens]);
  return ids;
}

function valueOf(metadata: Metadata, key: string): unknown {
  return metadata.entries().find((entry) => entry.key === `tokenizer.ggml.${key}`)?.value;
}

const readJson = (file: string): Json => JSON.parse(readFileSync(path.join(packageRoot, file), "utf8")) as Json;
const LLAMA_2_CONFIG = "testing/forms/llama2-spm/tokenizer_config.json";
const SENTENCE_PIECES = path.join(packageRoot, "testing/forms/tokenizers/llama.model");

/** Two levels of an object, changed. */
function changed(object: Json, key: string, change: Json): Json {
  return { ...object, [key]: { ...(object[key] as Json), ...change } };
}

const addedToken = (id: number, content: string, flags: Json = {}): Json => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  ...flags
});

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
        const { metadata, warnings } = await convertTokenizer(form, { "tokenizer.json": saved(parts), ...beside });
        expect(await tokenize(metadata)).toEqual(expected);
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
      const { metadata, warnings } = await convertTokenizer("llama2-spm", { ...without, "tokenizer.json": tokenizer });
      expect((await tokenize(metadata)).slice(0, 3)).toEqual(PREFIXED.slice(0, 3));
      expect(warnings).toHaveLength(said.length);
      for (const [i, pattern] of said.entries()) expect(warnings[i]).toMatch(pattern);
    }
  );

  test("without scheme or prefix, as older files have it", async () => {
    const tokenizer = saved({
      pre_tokenizer: { type: "Metaspace", replacement: MARK, add_prefix_space: false, split: false }
    });
    const { metadata } = await convertTokenizer("llama2-spm", { ...without, "tokenizer.json": tokenizer });
    expect(await tokenize(metadata)).toEqual(PLAIN);
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
    await expect(convertTokenizer("llama2-spm", files)).rejects.toThrow(message);
  });

  test("tokenizer_config.json says of a Llama class whether text gets a space in front", async () => {
    const tokenizer = saved({ normalizer: replace });
    const config = { tokenizer_class: "LlamaTokenizer", add_prefix_space: true };
    const files = { ...without, "tokenizer.json": tokenizer, "tokenizer_config.json": config };
    const { metadata, warnings } = await convertTokenizer("llama2-spm", files);
    expect(await tokenize(metadata)).toEqual(PREFIXED);
    expect(warnings[0]).toMatch(/contradicts tokenizer\.json; tokenizer_config\.json is followed/);

    const other = await convertTokenizer("llama2-spm", {
      ...files,
      "tokenizer_config.json": { ...config, tokenizer_class: "PreTrainedTokenizerFast" }
    });
    expect(await tokenize(other.metadata)).toEqual(PLAIN);
    expect(valueOf(other.metadata, "add_space_prefix")).toBe(false);
  });

  test("tokenizer.model alone: a prefix unless tokenizer_config.json says no", async () => {
    const config = readJson(LLAMA_2_CONFIG);
    for (const change of [{}, { legacy: true }, { add_prefix_space: true }, { add_prefix_space: null }]) {
      const { metadata } = await convertTokenizer("llama2-spm", { "tokenizer_config.json": { ...config, ...change } });
      expect(await tokenize(metadata)).toEqual(PREFIXED);
    }
    const files = { "tokenizer_config.json": { ...config, add_prefix_space: false } };
    expect(await tokenize((await convertTokenizer("llama2-spm", files)).metadata)).toEqual(PLAIN);
  });

  const chatTokens = [addedToken(1500, "<|im_start|>"), addedToken(1501, "<|im_end|>", { special: false })];

  test("tokens that only tokenizer.json has are there beside tokenizer.model too", async () => {
    const tokenizer = saved({ normalizer: sequence(prepend, replace), added: chatTokens });
    for (const beside of [without, {}]) {
      const { metadata } = await convertTokenizer("llama2-spm", { "tokenizer.json": tokenizer, ...beside }, 1503);
      expect((valueOf(metadata, "tokens") as string[]).slice(1500)).toEqual([
        "<|im_start|>",
        "<|im_end|>",
        "[PAD1502]"
      ]);
      expect((valueOf(metadata, "token_type") as number[]).slice(1500)).toEqual([3, 3, 5]);
      expect(await tokenize(metadata)).toEqual(PREFIXED);
    }
  });

  test("a token among words, where text gets a space in front after it as well", async () => {
    for (const normalized of [false, true]) {
      const added = [addedToken(1500, "<new>", { special: false, normalized })];
      const tokenizer = saved({ normalizer: sequence(prepend, replace), added });
      const { metadata, warnings } = await convertTokenizer(
        "llama2-spm",
        { ...without, "tokenizer.json": tokenizer },
        1501
      );
      // In normalized text the tokenizer finds it only behind a space.
      if (normalized)
        expect(warnings).toEqual([expect.stringContaining('"<new>" everywhere, the tokenizer only after a')]);
      else expect(await tokenize(metadata, ["a<new>b <new> c"])).toEqual([[265, 1500, 283, 1406, 1500, 259, 1417]]);
    }
  });

  test("tokens that only added_tokens.json has", async () => {
    const config = { ...readJson(LLAMA_2_CONFIG), added_tokens_decoder: undefined };
    const { metadata } = await convertTokenizer(
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
    const { metadata, warnings } = await convertTokenizer("llama2-spm", { "tokenizer.json": tokenizer });
    expect((valueOf(metadata, "tokens") as string[]).at(-1)).toBe("\u00b6");
    expect(warnings.join()).toMatch(/holds other tokens than tokenizer\.json and is left aside/);

    const { metadata: alone } = await convertTokenizer("llama3-rope-untied", {});
    for (const stale of [readFileSync(SENTENCE_PIECES), Buffer.from("no model at all")]) {
      const beside = await convertTokenizer("llama3-rope-untied", { "tokenizer.model": stale });
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
      const { warnings } = await convertTokenizer("llama2-spm", { ...without, "tokenizer.json": changedModel });
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
    await expect(convertTokenizer("llama2-spm", files)).rejects.toThrow("has no token <0xE2>");
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
    expect(await tokenize(metadata, ["a<fox>b <fox>", "fox", "<fox><fox> fo"])).toEqual([
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
  const convertLlama = (tokenizer: Json): ReturnType<typeof convertTokenizer> =>
    convertTokenizer("llama3-rope-untied", { "tokenizer.json": tokenizer });
  const convertQwen = (tokenizer: Json): ReturnType<typeof convertTokenizer> =>
    convertTokenizer("qwen2-tied", { "tokenizer.json": tokenizer });

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
    expect(await tokenize(metadata)).toEqual(LLAMA);
    expect(warnings).toEqual([]);
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
    expect(await tokenize(metadata)).toEqual(expected);
    expect(warnings).toEqual([]);
  });

  test("normal form C is said, and composed text is the same", async () => {
    for (const normalizer of [{ type: "NFC" }, { type: "Sequence", normalizers: [{ type: "NFC" }] }]) {
      const { metadata, warnings } = await convertQwen({ ...qwen, normalizer });
      expect(await tokenize(metadata)).toEqual(QWEN);
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
    expect(await tokenize((await convertLlama(given(true))).metadata, ["the"])).toEqual([[whole]]);
    expect((await tokenize(metadata, ["the"]))[0]).toHaveLength(2);

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
  const convertLlama = (files: Files, size?: number): ReturnType<typeof convertTokenizer> =>
    convertTokenizer("llama3-rope-untied", files, size);

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
    await expect(convertTokenizer("llama2-spm", { "tokenizer_config.json": renamed })).rejects.toThrow(message);
  });

  test("tokens beyond the embedding are named: added ones are left out, others belong to another model", async () => {
    const added = [...(llama["added_tokens"] as Json[]), addedToken(2048, "<unk>"), addedToken(2049, "[PAD]")];
    const { metadata, warnings } = await convertLlama({ ...bare, "tokenizer.json": { ...llama, added_tokens: added } });
    expect(valueOf(metadata, "tokens")).toHaveLength(2048);
    expect(warnings).toEqual([
      expect.stringContaining(`has "<unk>", "[PAD]", beyond the model's 2048 embeddings`) as string
    ]);
    await expect(convertLlama({}, 2042)).rejects.toThrow('has "omain" beyond the 2042 embeddings');
    await expect(convertTokenizer("llama2-spm", {}, 1400)).rejects.toThrow("beyond the 1400 embeddings");
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
