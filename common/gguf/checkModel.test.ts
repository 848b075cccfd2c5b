import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { encodeGguf, type GgufPair, type GgufTensorToEncode } from "../../plugin/testing/encodeGguf.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { openRegularFile } from "../files/readFiles.js";
import { checkModel } from "./checkModel.js";
import { readGgufHeader } from "./readGgufHeader.js";

/** A llama of 2 layers with 5 heads of 32 and 1 KV head. */
const LLAMA: readonly GgufPair[] = [
  ["general.architecture", "str", "llama"],
  ["llama.block_count", "u32", 2],
  ["llama.context_length", "u32", 64],
  ["llama.embedding_length", "u32", 160],
  ["llama.attention.head_count", "u32", 5],
  ["llama.attention.head_count_kv", "u32", 1],
  ["llama.attention.key_length", "u32", 32],
  ["llama.attention.value_length", "u32", 32],
  ["llama.rope.dimension_count", "u32", 32],
  ["llama.attention.layer_norm_rms_epsilon", "f32", 1e-5]
];

/** What is wrong with a model of these pairs beside `LLAMA`'s; undefined when nothing is. */
async function problemOf(
  pairs: readonly GgufPair[],
  tensors: readonly GgufTensorToEncode[] = []
): Promise<string | undefined> {
  const file = path.join(temporaryDirectory(), "model.gguf");
  const changed = new Set(pairs.map(([key]) => key));
  await writeFile(file, encodeGguf([...LLAMA.filter(([key]) => !changed.has(key)), ...pairs], tensors));
  const header = await readGgufHeader(file);
  const handle = await openRegularFile(file);
  let problem: string | undefined;
  await checkModel(
    handle,
    file,
    header,
    (name) => name.endsWith(".mask"),
    (text) => {
      problem = text;
      throw new Error(text);
    }
  ).catch((error: unknown) => {
    if (problem === undefined) throw error;
  });
  await handle.close();
  return problem;
}

/** `key type value` triples of a line of the table. */
function pairsOf(fields: readonly string[]): GgufPair[] {
  return Array.from({ length: fields.length / 3 }, (_, i) => {
    const [key = "", type = "", value = ""] = fields.slice(3 * i);
    const numbers: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, "-inf": -Infinity };
    return [key, type as GgufPair[1], type === "str" ? value : (numbers[value] ?? Number(value))];
  });
}

const cases = (await readFile(new URL("hostileMetadata.txt", import.meta.url), "utf8"))
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

test.each(cases)("%s", async (line) => {
  const [verdict, ...fields] = line.split(" ");
  const problem = await problemOf(pairsOf(fields));
  if (verdict === "taken") expect(problem).toBeUndefined();
  else expect(problem).toContain(`the metadata value ${fields[0]} is `);
});

test.each<[string, readonly GgufPair[], string | undefined]>([
  ["distinct tokens", [["tokenizer.ggml.tokens", "strings", ["a", "b", "<0x0A>", "", ""]]], undefined],
  [
    "two equal ones",
    [["tokenizer.ggml.tokens", "strings", ["a", "b", "a"]]],
    'tokens 0 and 2 of tokenizer.ggml.tokens have the same text "a"'
  ],
  ["two equal up to a NUL", [["tokenizer.ggml.tokens", "strings", ["a", "a\0b"]]], "tokens 0 and 1"],
  ["two empty up to a NUL", [["tokenizer.ggml.tokens", "strings", ["\0a", "\0b"]]], undefined],
  [
    "a byte token",
    [
      ["tokenizer.ggml.tokens", "strings", ["a", "<0x0a>"]],
      ["tokenizer.ggml.token_type", "i32s", [1, 6]]
    ],
    undefined
  ],
  [
    "a byte token of another text",
    [
      ["tokenizer.ggml.tokens", "strings", ["a", "b"]],
      ["tokenizer.ggml.token_type", "i32s", [1, 6]]
    ],
    'token 1 of tokenizer.ggml.tokens is of type byte, and its text is "b"'
  ]
])("a vocabulary with %s", async (_, pairs, problem) => {
  const found = await problemOf(pairs);
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});

const [F32, F16, Q8_0, Q8_1, I8] = [0, 1, 8, 9, 24];

test.each<[string, number, number[], string | undefined]>([
  ["output_norm.weight", F32, [32], undefined],
  ["output_norm.weight", Q8_0, [32], "output_norm.weight is of type Q8_0, and it must be F32"],
  ["blk.0.attn_q.bias", F16, [32], "blk.0.attn_q.bias is of type F16, and it must be F32"],
  ["token_embd.weight", Q8_0, [32, 2], undefined],
  ["token_embd.weight", I8, [32, 2], "token_embd.weight is of type I8, which no weight can have"],
  ["token_embd.weight", Q8_1, [32, 2], "token_embd.weight is of type Q8_1, which no weight can have"],
  ["token_embd.weight", 33, [32, 2], "token_embd.weight is of the unknown type 33"],
  ["token_embd.weight", F32, [32, 0], "token_embd.weight has no elements"],
  ["blk.0.attn_q.weight.mask", I8, [4], undefined]
])("a tensor %s of type %i and shape %j", async (name, type, dimensions, problem) => {
  const data = new Uint8Array(4 * dimensions.reduce((a, b) => a * b, 1));
  const sizes: Readonly<Record<number, number>> = { [F16]: 2, [I8]: 1, [Q8_0]: 34 / 32, [Q8_1]: 36 / 32 };
  const bytes = dimensions.reduce((a, b) => a * b, 1) * (sizes[type] ?? 4);
  const found = await problemOf([], [{ name, type, dimensions, data: data.subarray(0, bytes) }]);
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});
