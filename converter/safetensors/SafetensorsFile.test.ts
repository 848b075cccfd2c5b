import { expect, test } from "vitest";
import { InvalidInputError } from "../../common/errors.js";
import type { StoredTensor } from "../model/SourceModel.js";
import { findDuplicateKey, parseSafetensorsHeader } from "./SafetensorsFile.js";

const HONEST = JSON.stringify({
  __metadata__: { format: "pt" },
  b: { dtype: "BF16", shape: [2, 3], data_offsets: [8, 20] },
  a: { dtype: "F32", shape: [2], data_offsets: [0, 8] }
});
const DATA_BYTES = 20;

function parse(header: string, dataBytes = DATA_BYTES): readonly StoredTensor[] {
  const bytes = new TextEncoder().encode(header);
  return parseSafetensorsHeader(bytes, 8 + bytes.length + dataBytes, "file").tensors;
}

test("tensors come sorted by name, placed from the start of the file", () => {
  const start = 8 + HONEST.length;
  expect(parse(HONEST)).toEqual([
    { name: "a", dtype: "F32", shape: [2], offset: start, byteLength: 8 },
    { name: "b", dtype: "BF16", shape: [2, 3], offset: start + 8, byteLength: 12 }
  ]);
});

test("metadata is what of it is text", () => {
  const metadata = (json: string): unknown => {
    const bytes = new TextEncoder().encode(json);
    return parseSafetensorsHeader(bytes, 8 + bytes.length, "file").metadata;
  };
  expect(metadata('{"__metadata__": {"format": "pt", "n": 1, "o": {"toString": 1}}}')).toEqual({ format: "pt" });
  expect(metadata('{"__metadata__": null}')).toEqual({});
  expect(metadata("{}")).toEqual({});
});

const tensor = (changes: object): string =>
  JSON.stringify({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...changes } });

test.each([
  ["is a list", "[]", "not a JSON object"],
  ["describes a tensor by a number", '{"a": 1}', 'tensor "a" in file should be a JSON object, found 1'],
  ["names no dtype", tensor({ dtype: 1 }), '"dtype" in tensor "a" in file should be a text, found 1'],
  ["names an unknown dtype", tensor({ dtype: "F7" }), 'unknown dtype "F7"'],
  [
    "has a negative dimension",
    tensor({ shape: [-2] }),
    '"shape.0" in tensor "a" in file should be a whole number from 0'
  ],
  ["has half a dimension", tensor({ shape: [0.5] }), "found 0.5"],
  ["has a dimension beyond 2^53", tensor({ shape: [1e300] }), "found 1e+300"],
  ["has a hundred dimensions", tensor({ shape: new Array(100).fill(1) }), "a list of at most 8, found a list of 100"],
  ["has dimensions whose product overflows", tensor({ shape: [2 ** 40, 2 ** 40] }), "needs"],
  ["has dimensions whose product overflows to infinity", tensor({ shape: new Array(8).fill(2 ** 52) }), "needs"],
  ["gives one offset", tensor({ data_offsets: [0] }), "a list of two whole numbers"],
  ["gives a negative offset", tensor({ data_offsets: [-8, 0] }), "found -8"],
  ["gives an offset beyond 2^53", tensor({ data_offsets: [2 ** 60, 2 ** 60 + 8] }), '"data_offsets.0"'],
  ["ends before it begins", tensor({ data_offsets: [8, 0] }), "ends before it begins"],
  ["reaches past the file", tensor({ data_offsets: [16, 24] }), "4 bytes past the end"],
  ["has fewer bytes than its shape", tensor({ shape: [3] }), "needs 12 bytes but has 8"],
  ["has more bytes than its shape", tensor({ shape: [] }), "needs 4 bytes but has 8"],
  [
    "lets two tensors share bytes",
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}',
    '"a" and "b" overlap'
  ],
  [
    "has a tensor twice",
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0061":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}',
    '"a" twice'
  ],
  ["has a field twice", '{"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}', '"dtype" twice']
])("a header that %s is refused", (_, header, message) => {
  expect(() => parse(header)).toThrow(InvalidInputError);
  expect(() => parse(header)).toThrow(message);
});

test("any cut or single damaged character either parses or is refused, never anything else", () => {
  const survives = (header: string): void => {
    try {
      for (const { offset, byteLength } of parse(header)) {
        expect(offset + byteLength).toBeLessThanOrEqual(8 + new TextEncoder().encode(header).length + DATA_BYTES);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
    }
  };
  for (let at = 0; at < HONEST.length; at++) {
    survives(HONEST.slice(0, at));
    for (const replacement of ["", "0", "9", "-", '"', "{", "]", "e", "\\"]) {
      survives(HONEST.slice(0, at) + replacement + HONEST.slice(at + 1));
    }
  }
});

test.each([
  ["{}", undefined],
  ['{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]}', undefined],
  ['{"a": "a", "b": "a:"}', undefined],
  ['{"a": "\\"a\\": 1"}', undefined],
  ['{"a": 1, "a": 2}', "a"],
  ['{"x": {"k": 1, "l": [], "k" : 2}}', "k"],
  ['{"caf\\u00e9": 1, "café": 2}', "café"]
])("%s repeats %s", (json, expected) => {
  expect(findDuplicateKey(json)).toBe(expected);
});

test("texts of any length and nesting of any depth are read", () => {
  const long = '\\"\\\\x'.repeat(1_000_000);
  const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  expect(findDuplicateKey(`{"__metadata__": {"a": "${long}", "b": ${deep}, "a": 1}}`)).toBe("a");
  expect(parse(`{"__metadata__": {"a": "${long}", "b": ${deep}}}`, 0)).toEqual([]);
});
