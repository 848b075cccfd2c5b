import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { CorruptFileError, NotMixLlmFileError } from "../../common/errors.js";
import { packMask } from "../../common/format/mixllmFormat.js";
import { encodeGguf, type GgufPair, type GgufTensorToEncode } from "../testing/encodeGguf.js";
import { encodeMixLlmFile, MIXLLM_PAIRS, mixLlmExperts, mixLlmTensors, mixLlmWeight } from "../testing/mixLlmFile.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { inspectMixLlmFile, isMixLlmFile } from "./mixLlmFiles.js";

async function writeTemporary(bytes: Buffer): Promise<string> {
  const file = path.join(temporaryDirectory(), "model.gguf");
  await writeFile(file, bytes);
  return file;
}

const inspect = async (bytes: Buffer) => inspectMixLlmFile(await writeTemporary(bytes));

test("reports metadata and each weight's shape and 8-bit channels", async () => {
  expect(await inspect(encodeMixLlmFile())).toEqual({
    version: 2,
    bitsPerWeight: 5.478,
    percent8bit: 33.333,
    groupSize: 128,
    method: "rtn",
    search: "weight_error",
    calibration: "self, 8 x 512",
    source: "sha256:0 mixllm 0.1.0",
    command: "mixllm-convert --method rtn",
    tensors: [
      {
        name: "blk.0.attn_q.weight",
        layer: 0,
        kind: "attn_q",
        outputChannels: 48,
        inputChannels: 160,
        channels8bit: 16
      },
      {
        name: "blk.0.attn_k.weight",
        layer: 0,
        kind: "attn_k",
        outputChannels: 32,
        inputChannels: 160,
        channels8bit: 0
      },
      {
        name: "blk.1.attn_q.weight",
        layer: 1,
        kind: "attn_q",
        outputChannels: 16,
        inputChannels: 160,
        channels8bit: 16
      }
    ]
  });
});

test("a file need not say by which command it was made, but what it was made from", async () => {
  const without = (key: string) =>
    encodeGguf(
      MIXLLM_PAIRS.filter(([name]) => name !== key),
      mixLlmTensors()
    );
  expect(await inspect(without("mixllm.command"))).not.toHaveProperty("command");
  await expect(inspect(without("mixllm.source"))).rejects.toThrow("the metadata key mixllm.source is missing");
});

test("tells MixLLM files from stock GGUF files and from anything else", async () => {
  const stock = encodeGguf([["general.architecture", "str", "llama"]], []);
  expect(await isMixLlmFile(await writeTemporary(encodeMixLlmFile()))).toBe(true);
  expect(await isMixLlmFile(await writeTemporary(stock))).toBe(false);
  expect(await isMixLlmFile(await writeTemporary(Buffer.from("text")))).toBe(false);
  expect(await isMixLlmFile(await writeTemporary(encodeMixLlmFile().subarray(0, 60)))).toBe(false);
  await expect(isMixLlmFile("/nowhere/model.gguf")).rejects.toThrow("cannot read /nowhere/model.gguf: no such file");
  await expect(inspect(stock)).rejects.toThrow(NotMixLlmFileError);
});

/** The sound tensors with one replaced, or without it when `change` gives nothing. */
function changed(name: string, change: (tensor: GgufTensorToEncode) => GgufTensorToEncode[]): GgufTensorToEncode[] {
  expect(mixLlmTensors().map((tensor) => tensor.name)).toContain(name);
  return mixLlmTensors().flatMap((tensor) => (tensor.name === name ? change(tensor) : [tensor]));
}

const withData = (tensor: GgufTensorToEncode, bytesPerElement: number, dimensions: number[]): GgufTensorToEncode[] => [
  { ...tensor, dimensions, data: new Uint8Array(dimensions.reduce((a, b) => a * b, bytesPerElement)) }
];

const Q = "blk.0.attn_q.weight";

/** The tensor that version 1 has in the place of a mask. */
function rowsInPlaceOf({ name, data }: GgufTensorToEncode, rows?: readonly number[]): GgufTensorToEncode {
  const channels = Array.from({ length: 8 * data.length }, (_, channel) => channel);
  const is8bit = (channel: number) => ((data[channel >> 3] ?? 0) >> (channel & 7)) & 1;
  const order = rows ?? [...channels.filter((c) => !is8bit(c)), ...channels.filter(is8bit)];
  return {
    name: name.replace(/\.mask$/, ".rows"),
    type: 26,
    dimensions: [order.length],
    data: new Uint8Array(Int32Array.from(order).buffer)
  };
}

/** A file of version 1, the rows of one weight as given. */
function encodeVersion1(rows?: readonly number[]): Buffer {
  const tensors = mixLlmTensors().map((tensor) => {
    if (!tensor.name.endsWith(".mask")) return tensor;
    return rowsInPlaceOf(tensor, tensor.name === `${Q}.mask` ? rows : undefined);
  });
  return encodeGguf(withPair("mixllm.version", "u32", 1), tensors);
}

test.each<[string, GgufTensorToEncode[], string]>([
  ["a missing scale", changed(`${Q}.w4_scale`, () => []), `the tensor ${Q}.w4_scale is missing`],
  ["a missing zero point", changed(`${Q}.w4_zero`, () => []), `the tensor ${Q}.w4_zero is missing`],
  ["a missing mask", changed(`${Q}.mask`, () => []), `the tensor ${Q}.mask is missing`],
  [
    "rows of version 1",
    changed(`${Q}.mask`, (tensor) => [tensor, rowsInPlaceOf(tensor)]),
    `the tensor ${Q}.rows has no place in version 2, which has ${Q}.mask`
  ],
  ["a scale without weights", changed(`${Q}.w8`, () => []), `the tensor ${Q}.w8_scale has no ${Q}.w8 to belong to`],
  [
    "a scale of another type",
    changed(`${Q}.w4_scale`, (tensor) => [{ ...tensor, type: 30 }]),
    `the tensor ${Q}.w4_scale is of type BF16, not F16`
  ],
  [
    "a scale of another shape",
    changed(`${Q}.w4_scale`, (tensor) => withData(tensor, 2, [32, 1])),
    `the tensor ${Q}.w4_scale has the shape [32, 1], not [32, 2]`
  ],
  [
    "parts with different inputs",
    changed(`${Q}.w8`, (tensor) => withData(tensor, 1, [128, 16])),
    `${Q}.w4 has 160 inputs and ${Q}.w8 has 128`
  ],
  [
    "8-bit channels that fill no tile",
    changed(`${Q}.w8`, (tensor) => withData(tensor, 1, [160, 8])),
    `${Q}.w8 has 8 output channels, not a positive multiple of 16`
  ],
  ["inputs that fill no block", mixLlmWeight("a.weight", 48, 16, 0), "a.weight has 48 inputs"],
  [
    "a third dimension",
    changed(`${Q}.w8`, (tensor) => withData(tensor, 1, [160, 16, 2])),
    `the tensor ${Q}.w8 has the shape [160, 16, 2], not [160, 16]`
  ],
  [
    "too short a mask",
    changed(`${Q}.mask`, (tensor) => withData(tensor, 1, [4])),
    `the tensor ${Q}.mask has the shape [4], not [6]`
  ],
  [
    "a mask of another type",
    changed(`${Q}.mask`, (tensor) => [{ ...tensor, type: 26, data: new Uint8Array(24) }]),
    `the tensor ${Q}.mask is of type I32, not I8`
  ],
  [
    "an 8-bit channel that fills no tile",
    changed(`${Q}.mask`, (tensor) => [{ ...tensor, data: Uint8Array.of(1, 0, 0, 0, 0xff, 0xff) }]),
    `the tensor ${Q}.mask has 17 8-bit channels, no multiple of 16`
  ],
  [
    "more 8-bit channels than weights of 8 bits",
    changed(`${Q}.mask`, (tensor) => [{ ...tensor, data: Uint8Array.of(0xff, 0xff, 0, 0, 0xff, 0xff) }]),
    `the tensor ${Q}.mask has 32 8-bit channels, and ${Q}.w8 has 16`
  ],
  [
    "the weight itself as well",
    [...mixLlmTensors(), { name: Q, type: 0, dimensions: [1], data: new Uint8Array(4) }],
    `the weight ${Q} is there both whole and as components`
  ],
  ["no MixLLM weight", [], "it has no MixLLM weight"]
])("refuses a file with %s, naming the tensor", async (_, tensors, problem) => {
  const result = inspect(encodeGguf(MIXLLM_PAIRS, tensors));
  await expect(result).rejects.toThrow(CorruptFileError);
  await expect(result).rejects.toThrow(problem);
});

test.each<[string, (rows: number[]) => void, string]>([
  ["out of range", (rows) => (rows[3] = 48), "entry 3 is 48, which is no output channel"],
  ["negative", (rows) => (rows[3] = -1), "entry 3 is -1, which is no output channel"],
  ["repeated", (rows) => (rows[3] = 2), "entry 3 is 2, which is not above the entry before it"],
  ["out of order", (rows) => rows.splice(3, 2, 4, 3), "entry 4 is 3, which is not above the entry before it"]
])("refuses rows with an entry %s", async (_, damage, problem) => {
  const rows = Array.from({ length: 48 }, (_, index) => index);
  damage(rows);
  await expect(inspect(encodeVersion1(rows))).rejects.toThrow(
    `the tensor ${Q}.rows is no permutation in ascending parts: ${problem}`
  );
});

test("takes 8-bit channels from anywhere", async () => {
  const is8bit = Array.from({ length: 48 }, (_, channel) => channel % 3 === 0);
  const tensors = changed(`${Q}.mask`, (tensor) => [{ ...tensor, data: packMask(is8bit) }]);
  expect((await inspect(encodeGguf(MIXLLM_PAIRS, tensors))).tensors[0]?.channels8bit).toBe(16);
});

test("reads files of version 1", async () => {
  const version2 = await inspect(encodeMixLlmFile());
  expect(await inspect(encodeVersion1())).toEqual({ ...version2, version: 1 });
  const channels = [...Array(48).keys()];
  const rows = [...channels.filter((row) => row % 3 !== 0), ...channels.filter((row) => row % 3 === 0)];
  expect((await inspect(encodeVersion1(rows))).tensors[0]?.channels8bit).toBe(16);
});

test("reads stacked experts, each with its own number of 8-bit channels", async () => {
  const tensors = [...mixLlmTensors(), ...mixLlmExperts("blk.1.ffn_up_exps.weight", 160, 48, [16, 0, 48])];
  expect((await inspect(encodeGguf(MIXLLM_PAIRS, tensors))).tensors.at(-1)).toEqual({
    name: "blk.1.ffn_up_exps.weight",
    layer: 1,
    kind: "ffn_up_exps",
    outputChannels: 144,
    inputChannels: 160,
    channels8bit: 64,
    experts: [16, 0, 48]
  });
});

const UP = "blk.1.ffn_up_exps.weight";

test.each<[string, (tensor: GgufTensorToEncode) => GgufTensorToEncode[], string]>([
  [
    "with an expert whose 8-bit channels fill no tile",
    (mask) => [{ ...mask, data: mask.data.map((byte, at) => (at === 5 ? 0x7f : byte)) }],
    `the tensor ${UP}.mask has 15 8-bit channels for expert 0, no multiple of 16`
  ],
  [
    "with fewer 8-bit channels than weights of 8 bits",
    (mask) => [{ ...mask, data: new Uint8Array(18) }],
    `the tensor ${UP}.mask has 0 8-bit channels, and ${UP}.w8 has 64`
  ],
  [
    "whose mask is of other channels",
    (mask) => [{ ...mask, dimensions: [4, 3], data: new Uint8Array(12) }],
    `the tensor ${UP}.mask has the shape [4, 3], not [6, 3]`
  ],
  [
    "that its channels do not fill",
    (mask) => [{ ...mask, dimensions: [6, 4], data: new Uint8Array(24) }],
    `the weight ${UP} has 144 output channels, no multiple of 16 for 4 experts`
  ]
])("refuses a stack %s", async (_, change, problem) => {
  const stack = mixLlmExperts(UP, 160, 48, [16, 0, 48]);
  const tensors = stack.flatMap((tensor) => (tensor.name === `${UP}.mask` ? change(tensor) : [tensor]));
  await expect(inspect(encodeGguf(MIXLLM_PAIRS, tensors))).rejects.toThrow(problem);
});

const withPair = (...pair: GgufPair) => MIXLLM_PAIRS.map((old) => (old[0] === pair[0] ? pair : old));

test.each<[string, readonly GgufPair[], string]>([
  [
    "of a later format",
    withPair("mixllm.version", "u32", 3),
    "its format is version 3, and this release of mixllm reads"
  ],
  ["of version 0", withPair("mixllm.version", "u32", 0), "its format is version 0"],
  ["of version 1 with masks", withPair("mixllm.version", "u32", 1), ".mask has no place in version 1"],
  ["whose version is of another type", withPair("mixllm.version", "f32", 1), "mixllm.version is not of type u32"],
  ["of another group size", withPair("mixllm.group_size", "u32", 64), "mixllm.group_size is 64, not 128"],
  ["without a key", MIXLLM_PAIRS.filter(([key]) => key !== "mixllm.method"), "mixllm.method is missing"],
  ["with a key of another type", withPair("mixllm.search", "u32", 1), "mixllm.search is not a string"]
])("refuses a file %s", async (_, pairs, problem) => {
  await expect(inspect(encodeGguf(pairs, mixLlmTensors()))).rejects.toThrow(problem);
});

test("refuses a component whose data lie elsewhere, as the loader does", async () => {
  for (const suffix of ["w4", "w4_scale", "w4_zero", "w8", "w8_scale", "mask"])
    for (const bit of [3n, 5n, 7n, 40n]) {
      const bytes = encodeMixLlmFile();
      const name = Buffer.from(`${Q}.${suffix}`);
      const entry = bytes.indexOf(Buffer.concat([Buffer.from([name.length, 0, 0, 0, 0, 0, 0, 0]), name])) + 8;
      const at = entry + name.length + 4 + 8 * bytes.readUInt32LE(entry + name.length) + 4;
      bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at) ^ (1n << bit), at);
      await expect(inspect(bytes), `${suffix}, bit ${bit}`).rejects.toThrow(`the data of the tensor ${Q}.${suffix} `);
    }
});

test("refuses what the loader refuses beside the components", async () => {
  const withTensor = (tensor: GgufTensorToEncode) => encodeGguf(MIXLLM_PAIRS, [...mixLlmTensors(), tensor]);
  const norm = { name: "output_norm.weight", type: 1, dimensions: [16], data: new Uint8Array(32) };
  await expect(inspect(withTensor(norm))).rejects.toThrow("output_norm.weight is of type F16, and it must be F32");
  await expect(
    inspect(encodeGguf([...MIXLLM_PAIRS, ["llama.block_count", "u32", 0]], mixLlmTensors()))
  ).rejects.toThrow("llama.block_count is 0");
  await expect(
    inspect(encodeGguf([...MIXLLM_PAIRS, ["tokenizer.ggml.tokens", "strings", ["a", "a"]]], mixLlmTensors()))
  ).rejects.toThrow("tokens 0 and 1");
});

test("refuses a file that is cut off anywhere in its weights", async () => {
  const bytes = encodeMixLlmFile();
  await expect(inspect(bytes.subarray(0, bytes.length - 100))).rejects.toThrow(
    "the file ends before the data of the tensor blk.1.attn_q.weight"
  );
});
