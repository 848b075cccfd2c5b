import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { CorruptFileError, NotMixLlmFileError } from "../errors.js";
import { encodeGguf, type GgufPair, type GgufTensorToEncode } from "../../plugin/testing/encodeGguf.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { readGgufHeader } from "./readGgufHeader.js";

const PAIRS: readonly GgufPair[] = [
  ["general.architecture", "str", "llama"],
  ["tokenizer.ggml.tokens", "strings", ["<s>", "a", "bc"]],
  ["llama.block_count", "u32", 4],
  ["some.float", "f32", 0.5],
  ["some.flag", "bool", true]
];
const F32 = 0;
const Q4_0 = 2;
const TENSORS: readonly GgufTensorToEncode[] = [
  { name: "norm.weight", type: F32, dimensions: [4], data: new Uint8Array(16) },
  { name: "embd.weight", type: Q4_0, dimensions: [64, 3], data: new Uint8Array(2 * 18 * 3) }
];

async function read(bytes: Buffer) {
  const file = path.join(temporaryDirectory(), "model.gguf");
  await writeFile(file, bytes);
  return readGgufHeader(file);
}

test("reads metadata and tensors, skipping arrays", async () => {
  const bytes = encodeGguf(PAIRS, TENSORS);
  const header = await read(bytes);
  expect(header.version).toBe(3);
  expect(header.fileSize).toBe(bytes.length);
  expect(Object.fromEntries(header.metadata)).toEqual({
    "general.architecture": "llama",
    "tokenizer.ggml.tokens": { arrayLength: 3 },
    "llama.block_count": 4,
    "some.float": 0.5,
    "some.flag": true
  });
  expect(header.tensors.map(({ name, dimensions, byteLength }) => ({ name, dimensions, byteLength }))).toEqual([
    { name: "norm.weight", dimensions: [4], byteLength: 16 },
    { name: "embd.weight", dimensions: [64, 3], byteLength: 108 }
  ]);
  expect((header.tensors[1]?.fileOffset ?? 0) - (header.tensors[0]?.fileOffset ?? 0)).toBe(32);
});

test("reads a header longer than the read buffer", async () => {
  const tokens = Array.from({ length: 200_000 }, (_, index) => `token ${index}`);
  const header = await read(encodeGguf([["tokens", "strings", tokens], ...PAIRS], TENSORS));
  expect(header.metadata.get("tokens")).toEqual({ arrayLength: 200_000 });
  expect(header.tensors).toHaveLength(2);
});

test("says that the file ends, wherever the header is cut", async () => {
  const bytes = encodeGguf(PAIRS, TENSORS);
  for (let length = 4; length < bytes.length - 32; length++)
    await expect(read(bytes.subarray(0, length)), `cut at ${length}`).rejects.toThrow(
      /the file ends|more than fit into its/
    );
});

test.each([
  ["as many tensors as fit nowhere", { tensorCount: 2n ** 63n }, "announces 9223372036854775808 tensors"],
  ["as many metadata pairs as fit nowhere", { pairCount: 2n ** 40n }, "announces 1099511627776 metadata pairs"],
  ["a tensor that begins beyond the end", { offset: 2n ** 40n }, "before the data of the tensor norm.weight does"],
  ["a tensor whose position overflows", { offset: 2n ** 64n - 32n }, "before the data of the tensor norm.weight does"],
  ["a tensor off its alignment", { offset: 7n }, "the data of the tensor norm.weight is not aligned"]
])("refuses %s", async (_, overrides, problem) => {
  await expect(read(encodeGguf(PAIRS, TENSORS, overrides))).rejects.toThrow(problem);
});

const tensor = (changes: Partial<GgufTensorToEncode>): GgufTensorToEncode[] => [
  { name: "a.weight", type: F32, dimensions: [4], data: new Uint8Array(16), ...changes }
];

test.each([
  ["an extent beyond any file", tensor({ dimensions: [2n ** 62n] }), "extent of 4611686018427387904"],
  ["extents whose product overflows", tensor({ dimensions: [2 ** 33, 2 ** 33] }), "before the data of the tensor"],
  ["no dimensions", tensor({ dimensions: [] }), "0 dimensions"],
  ["five dimensions", tensor({ dimensions: [1, 1, 1, 1, 1] }), "5 dimensions"],
  ["part of a block", tensor({ type: Q4_0, dimensions: [20] }), "not a whole number of Q4_0 blocks"],
  ["a name too long for ggml", tensor({ name: "x".repeat(64) }), "64 bytes, and 63 are allowed"],
  ["a name twice", [...tensor({}), ...tensor({})], "the tensor a.weight appears twice"]
])("refuses a tensor with %s", async (_, tensors, problem) => {
  await expect(read(encodeGguf(PAIRS, tensors))).rejects.toThrow(problem);
});

test("refuses a string that is longer than the file", async () => {
  const bytes = encodeGguf([["key", "str", "value"]], []);
  bytes.writeBigUInt64LE(2n ** 62n, bytes.indexOf("value") - 8);
  await expect(read(bytes)).rejects.toThrow("the file ends within the metadata value key");
});

test("refuses an array that is longer than the file", async () => {
  const bytes = encodeGguf([["key", "strings", ["value"]]], []);
  bytes.writeBigUInt64LE(2n ** 62n, bytes.indexOf("value") - 16);
  await expect(read(bytes)).rejects.toThrow("the file ends within the metadata value key");
});

test("refuses an unknown value type, a key that appears twice and an alignment that is none", async () => {
  const unknown = encodeGguf([["key", "u32", 1]], []);
  unknown.writeUInt32LE(99, unknown.indexOf("key") + 3);
  await expect(read(unknown)).rejects.toThrow("the metadata value key has the unknown type 99");
  await expect(read(encodeGguf([...PAIRS, ...PAIRS], []))).rejects.toThrow("general.architecture appears twice");
  await expect(read(encodeGguf([["general.alignment", "u32", 0]], []))).rejects.toThrow("not a power of two");
});

test("tells other formats and versions from damaged files", async () => {
  await expect(read(Buffer.from("PK\u0003\u0004 not a model"))).rejects.toThrow(NotMixLlmFileError);
  await expect(read(Buffer.alloc(0))).rejects.toThrow("does not begin as a GGUF file does");
  await expect(read(encodeGguf([], [], { version: 1 }))).rejects.toThrow("its GGUF version is 1");
  await expect(read(encodeGguf([], [], { version: 0x03000000 }))).rejects.toThrow("big-endian");
  await expect(read(encodeGguf(PAIRS, TENSORS).subarray(0, 40))).rejects.toThrow(CorruptFileError);
});

test("names a file that is not there, and a folder", async () => {
  const directory = temporaryDirectory();
  await expect(readGgufHeader(path.join(directory, "none.gguf"))).rejects.toThrow(
    /^cannot read .*none\.gguf: no such file/
  );
  await expect(readGgufHeader(directory)).rejects.toThrow(/^cannot read .*: it is a directory$/);
});

/** The file with the offset of one tensor's data, as the header gives it, replaced. */
function withOffset(name: string, change: (offset: bigint) => bigint): Buffer {
  const bytes = encodeGguf(PAIRS, TENSORS);
  const entry = bytes.indexOf(name) + name.length;
  const at = entry + 4 + 8 * bytes.readUInt32LE(entry) + 4;
  bytes.writeBigUInt64LE(change(bytes.readBigUInt64LE(at)), at);
  return Buffer.concat([bytes, Buffer.alloc(1024)]);
}

test.each<[string, string, (offset: bigint) => bigint]>([
  ["a gap before it", "embd.weight", (offset) => offset + 32n],
  ["an overlap with the one before it", "embd.weight", (offset) => offset - 32n],
  ["a gap before the first", "norm.weight", (offset) => offset + 32n],
  ["the place of another", "norm.weight", () => 32n],
  ["a flipped bit", "embd.weight", (offset) => offset ^ 64n]
])("refuses a tensor with %s, as ggml does", async (_, name, change) => {
  await expect(read(withOffset(name, change))).rejects.toThrow(`the data of the tensor ${name} begins at byte`);
});

test("refuses what ggml does not read: an empty key, an alignment of another type", async () => {
  await expect(read(encodeGguf([["", "u32", 1]], []))).rejects.toThrow("the metadata key 1 of 1 is empty");
  await expect(read(encodeGguf([["general.alignment", "f32", 32]], []))).rejects.toThrow("not of type u32");
});
