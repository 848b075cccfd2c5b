import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A metadata value with its GGUF type spelt as in the reference files: `UINT32`, `ARRAY<STRING>`. */
export interface GgufValue {
  readonly type: string;
  readonly value: unknown;
}

export interface GgufTensor {
  readonly name: string;
  readonly type: string;
  readonly ne: number[];
  readonly data: Buffer;
  readonly sha256: string;
}

export interface GgufFile {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
}

const VALUE_TYPES = [
  "UINT8",
  "INT8",
  "UINT16",
  "INT16",
  "UINT32",
  "INT32",
  "FLOAT32",
  "BOOL",
  "STRING",
  "ARRAY",
  "UINT64",
  "INT64",
  "FLOAT64"
];

/** ggml's numbers of the tensor types these tests meet, with values in a block and its bytes. */
const TENSOR_TYPES: Readonly<Record<number, readonly [string, number, number]>> = {
  0: ["F32", 1, 4],
  1: ["F16", 1, 2],
  2: ["Q4_0", 32, 18],
  8: ["Q8_0", 32, 34],
  12: ["Q4_K", 256, 144],
  14: ["Q6_K", 256, 210],
  24: ["I8", 1, 1],
  26: ["I32", 1, 4],
  30: ["BF16", 1, 2]
};

/** Reads a small GGUF v3 file whole. Written for the tests alone, from the format's description. */
export function readGgufFile(path: string): GgufFile {
  const bytes = readFileSync(path);
  let at = 0;
  const uint32 = (): number => bytes.readUInt32LE((at += 4) - 4);
  const uint64 = (): number => Number(bytes.readBigUInt64LE((at += 8) - 8));
  const string = (): string => {
    const length = uint64();
    return bytes.toString("utf8", at, (at += length));
  };
  const value = (type: string): GgufValue => {
    switch (type) {
      case "UINT32":
        return { type, value: uint32() };
      case "INT32":
        return { type, value: bytes.readInt32LE((at += 4) - 4) };
      case "FLOAT32":
        return { type, value: bytes.readFloatLE((at += 4) - 4) };
      case "BOOL":
        return { type, value: bytes.readUInt8(at++) === 1 };
      case "STRING":
        return { type, value: string() };
      case "ARRAY": {
        const element = VALUE_TYPES[uint32()] ?? "?";
        const values = Array.from({ length: uint64() }, () => value(element).value);
        return { type: `ARRAY<${element}>`, value: values };
      }
      default:
        throw new Error(`unexpected metadata type ${type}`);
    }
  };

  if (bytes.toString("latin1", 0, 4) !== "GGUF") throw new Error("not a GGUF file");
  at = 4;
  if (uint32() !== 3) throw new Error("not GGUF version 3");
  const tensorCount = uint64();
  const metadataCount = uint64();
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < metadataCount; i++) {
    const key = string();
    metadata.set(key, value(VALUE_TYPES[uint32()] ?? "?"));
  }
  const descriptions = Array.from({ length: tensorCount }, () => {
    const name = string();
    const ne = Array.from({ length: uint32() }, uint64);
    return { name, ne, type: uint32(), offset: uint64() };
  });
  const dataStart = Math.ceil(at / 32) * 32;
  const tensors = descriptions.map(({ name, ne, type, offset }) => {
    const [typeName, blockLength, blockBytes] = TENSOR_TYPES[type] ?? ["?", 1, NaN];
    const length = (ne.reduce((product, size) => product * size, 1) / blockLength) * blockBytes;
    const data = bytes.subarray(dataStart + offset, dataStart + offset + length);
    if (data.length !== length) throw new Error(`tensor ${name} is cut off`);
    return { name, type: typeName, ne, data, sha256: createHash("sha256").update(data).digest("hex") };
  });
  return { metadata, tensors };
}
