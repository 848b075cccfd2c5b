import { expect, test } from "vitest";
import { SMALLEST_VOCABULARY, syntheticVocabulary } from "./syntheticVocabulary.js";

test.each([SMALLEST_VOCABULARY, 300, 128_256])("a vocabulary of %d tokens holds every byte once", (size) => {
  const { tokens, tokenTypes, merges, bos, eos } = syntheticVocabulary(size);
  expect(tokens).toHaveLength(size);
  expect(tokenTypes).toHaveLength(size);
  expect(new Set(tokens).size).toBe(size);
  expect([tokens[bos], tokens[eos]]).toEqual(["<|begin_of_text|>", "<|end_of_text|>"]);
  expect([...tokenTypes.subarray(bos)]).toEqual([3, 3]);
  expect(tokens.slice(0, 256).every((token) => [...token].length === 1)).toBe(true);
  // The alphabet of byte-level BPE: printable bytes stand for themselves, a space is U+0120.
  expect([tokens[0x41], tokens[0x20], tokens[0x0a], tokens[0xff]]).toEqual(["A", "Ġ", "Ċ", "ÿ"]);
  expect(merges).toEqual(["Ġ Ġ"]);
  expect(tokens[256]).toBe("ĠĠ");
});
