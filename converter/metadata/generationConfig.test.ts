import { expect, test } from "vitest";
import { Metadata } from "../../common/gguf/Metadata.js";
import { readEndTokens, writeEndTokens } from "./generationConfig.js";

const TOKENS = [
  "a",
  "b",
  "c",
  "d",
  "e",
  "f",
  "g",
  "h",
  "i",
  "j",
  "k",
  ",",
  "<|eot_id|>",
  "<|eom_id|>",
  "<s>",
  "[PAD15]"
];
const TYPES = TOKENS.map((token) => (token.startsWith("<") ? 3 : token.startsWith("[") ? 5 : 1));

function write(
  ids: readonly number[],
  { tokens = TOKENS, keys = {} }: { tokens?: readonly string[]; keys?: Record<string, number> } = {}
): { keys: Record<string, number>; warnings: string[] } {
  const metadata = new Metadata();
  metadata.string("tokenizer.ggml.model", "gpt2");
  metadata.strings("tokenizer.ggml.tokens", tokens);
  metadata.int32s("tokenizer.ggml.token_type", TYPES);
  for (const [key, id] of Object.entries(keys)) metadata.uint32(`tokenizer.ggml.${key}_token_id`, id);
  const warnings: string[] = [];
  writeEndTokens(metadata, ids, { source: "config.json", warn: (message) => warnings.push(message) });
  const written = metadata.entries().flatMap(({ key, value }) => {
    const role = /^tokenizer\.ggml\.(.*)_token_id$/.exec(key)?.[1];
    return role === undefined ? [] : [[role, value as number] as const];
  });
  return { keys: Object.fromEntries(written), warnings };
}

test("the first token is the end of sequence, unless the tokenizer names one", () => {
  expect(write([3]).keys).toEqual({ eos: 3 });
  expect(write([3], { keys: { eos: 3 } }).keys).toEqual({ eos: 3 });
  expect(write([12, 13], { keys: { eos: 14 } }).keys).toEqual({ eos: 14 });
});

test("further tokens that llama.cpp does not know by their text take places that the vocabulary leaves free", () => {
  expect(write([12, 13]).keys).toEqual({ eos: 12 });
  const others = TOKENS.filter((token) => !token.startsWith("<|"));
  expect(write([0, 1, 2, 3, 4, 5], { tokens: others }).keys).toEqual({
    eos: 0,
    eot: 1,
    eom: 2,
    fim_sep: 3,
    fim_rep: 4,
    fim_pad: 5
  });
  // The vocabulary's own end of a turn and of a message keep their places.
  expect(write([12, 5]).keys).toEqual({ eos: 12, fim_sep: 5 });
});

test("more of them than there are places, or one that llama.cpp takes back, are refused", () => {
  expect(() => write([0, 1, 2, 3, 4])).toThrow("names 5 tokens that end generation, of which llama.cpp can be told 4");
  const harmony = [...TOKENS.slice(0, 11), "<|end|>", "<|return|>", "<|call|>"];
  expect(write([12, 13], { tokens: harmony }).keys).toEqual({ eos: 12 });
  expect(() => write([12, 11], { tokens: harmony })).toThrow('has "<|end|>" end generation');
});

test("without any, a token that is not written stands for it, not the comma that llama.cpp would take", () => {
  expect(write([], { keys: { bos: 14 } })).toEqual({
    keys: { bos: 14, eos: 14 },
    warnings: [expect.stringContaining("names no token that ends generation")]
  });
  expect(write([]).keys).toEqual({ eos: 12 });
  expect(write([], { keys: { eos: 3 } })).toEqual({ keys: { eos: 3 }, warnings: [] });
});

test("ids come from both files, once each; what is no token is left out", () => {
  const file = (eos: unknown): { source: string; values: Record<string, unknown> } => ({
    source: "config.json",
    values: { eos_token_id: eos }
  });
  expect(readEndTokens([file([7, 5]), file([5, 9])], 16)).toEqual([7, 5, 9]);
  expect(readEndTokens([file(null), file(-1), file(16)], 16)).toEqual([]);
  expect(() => readEndTokens([file("</s>")], 16)).toThrow(
    '"eos_token_id" in config.json should be a token id or a list'
  );
});
