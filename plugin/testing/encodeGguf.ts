/** A metadata pair for `encodeGguf`: the value type's number as in GGUF, and the value. */
export type GgufPair = readonly [
  key: string,
  type: "u32" | "f32" | "str" | "strings" | "i32s" | "bool",
  value: unknown
];

/** A tensor for `encodeGguf`; its data is given, or zero. */
export interface GgufTensorToEncode {
  readonly name: string;
  readonly type: number;
  readonly dimensions: readonly (number | bigint)[];
  readonly data: Uint8Array;
}

const ALIGNMENT = 32;

/** Writes a GGUF v3 file's bytes, sound or, by contradictory arguments, unsound. For tests. */
export function encodeGguf(
  pairs: readonly GgufPair[],
  tensors: readonly GgufTensorToEncode[],
  overrides: { version?: number; tensorCount?: bigint; pairCount?: bigint; offset?: bigint } = {}
): Buffer {
  const parts: Buffer[] = [
    Buffer.from("GGUF"),
    u32(overrides.version ?? 3),
    u64(overrides.tensorCount ?? BigInt(tensors.length)),
    u64(overrides.pairCount ?? BigInt(pairs.length))
  ];
  for (const [key, type, value] of pairs) parts.push(str(key), encodeValue(type, value));
  let offset = 0;
  for (const tensor of tensors) {
    parts.push(str(tensor.name), u32(tensor.dimensions.length));
    for (const dimension of tensor.dimensions) parts.push(u64(BigInt(dimension)));
    parts.push(u32(tensor.type), u64(overrides.offset ?? BigInt(offset)));
    offset += padded(tensor.data.length);
  }
  const header = Buffer.concat(parts);
  const data = tensors.map((tensor) => Buffer.concat([tensor.data, Buffer.alloc(padding(tensor.data.length))]));
  return Buffer.concat([header, Buffer.alloc(padding(header.length)), ...data]);
}

function encodeValue(type: GgufPair[1], value: unknown): Buffer {
  switch (type) {
    case "u32":
      return Buffer.concat([u32(4), u32(value as number)]);
    case "f32": {
      const buffer = Buffer.alloc(4);
      buffer.writeFloatLE(value as number);
      return Buffer.concat([u32(6), buffer]);
    }
    case "bool":
      return Buffer.concat([u32(7), Buffer.from([value === true ? 1 : 0])]);
    case "str":
      return Buffer.concat([u32(8), str(value as string)]);
    case "i32s": {
      const numbers = value as number[];
      return Buffer.concat([
        ...[u32(9), u32(5), u64(BigInt(numbers.length))],
        Buffer.from(Int32Array.from(numbers).buffer)
      ]);
    }
    case "strings": {
      const strings = value as string[];
      return Buffer.concat([u32(9), u32(8), u64(BigInt(strings.length)), ...strings.map(str)]);
    }
  }
}

function str(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([u64(BigInt(bytes.length)), bytes]);
}

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function u64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(value);
  return buffer;
}

function padding(length: number): number {
  return (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
}

function padded(length: number): number {
  return length + padding(length);
}
