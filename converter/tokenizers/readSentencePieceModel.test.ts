import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { InvalidInputError } from "../../common/errors.js";
import { packageRoot } from "../../common/package.js";
import { readSentencePieceModel } from "./readSentencePieceModel.js";

const file = path.join(packageRoot, "testing/forms/tokenizers/llama.model");

test("a model of two pieces, written by hand", () => {
  // pieces { piece: "<s>" score: -1.5 type: CONTROL } pieces { piece: "a" } trainer_spec { model_type: BPE }
  // normalizer_spec { precompiled_charsmap: "x" add_dummy_prefix: false } 9: 1
  const bytes = Uint8Array.from([
    ...[0x0a, 12, 0x0a, 3, 0x3c, 0x73, 0x3e, 0x15, 0, 0, 0xc0, 0xbf, 0x18, 3],
    ...[0x0a, 3, 0x0a, 1, 0x61],
    ...[0x12, 2, 0x18, 2],
    ...[0x1a, 5, 0x12, 1, 0x78, 0x18, 0],
    ...[0x48, 1]
  ]);
  expect(readSentencePieceModel(bytes, "file")).toEqual({
    file: "file",
    pieces: [
      { text: "<s>", score: -1.5, type: 3 },
      { text: "a", score: 0, type: 1 }
    ],
    algorithm: "BPE",
    normalization: {
      replacesCharacters: true,
      prefixesSpace: false,
      removesExtraSpaces: true,
      marksSpaces: true,
      marksSpacesBehind: false
    }
  });
});

test.each([
  ["nothing", []],
  ["a length beyond the file", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ["a piece without a text", [0x0a, 2, 0x0a, 0]],
  ["a NUL in a piece", [0x0a, 3, 0x0a, 1, 0]],
  ["an unknown piece type", [0x0a, 5, 0x0a, 1, 0x61, 0x18, 9]],
  ["a score that is no number", [0x0a, 8, 0x0a, 1, 0x61, 0x15, 0, 0, 0xc0, 0x7f]]
])("%s is refused", (_, bytes) => {
  expect(() => readSentencePieceModel(Uint8Array.from(bytes), "file")).toThrow(InvalidInputError);
});

test("a model cut or damaged anywhere is read or refused, never anything else", () => {
  const honest = readFileSync(file);
  const survives = (bytes: Uint8Array): void => {
    try {
      readSentencePieceModel(bytes, "file");
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
    }
  };
  for (let at = 0; at < honest.length; at += 97) {
    survives(honest.subarray(0, at));
    const damaged = Uint8Array.from(honest);
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    survives(damaged);
  }
});
