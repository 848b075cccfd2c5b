import { type TensorType, byteLengthOf, typeNumberOf } from "./ggmlTypes.js";
import type { MetadataEntry } from "./Metadata.js";

/** A tensor as the GGUF header lists it. */
export interface TensorDescription {
  readonly name: string;
  readonly type: TensorType;
  /** Dimensions, fastest first. */
  readonly ne: readonly number[];
}

/** Bytes of a tensor's data, without padding. */
export function tensorBytes({ type, ne }: TensorDescription): number {
  return byteLengthOf(
    type,
    ne.reduce((product, size) => product * size, 1)
  );
}

/** GGUF's default alignment of tensor data. */
const ALIGNMENT = 32;

/** Rounds a byte count up to where the next tensor may begin. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** ggml's number for the way its quantized types are laid out. */
export const QUANTIZATION_VERSION = 2;

const VERSION = 3;

/** ggml's limit on a tensor's name, without the terminator. */
const MAX_NAME_BYTES = 63;

/** GGUF's numbers of the metadata types that are written. */
const VALUE_TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

/**
 * Encodes everything that precedes tensor data in a GGUF file, padded to where the data begins.
 *
 * Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * @returns the header, and each tensor's offset from its end
 */
export function encodeGgufHeader(
  metadata: readonly MetadataEntry[],
  tensors: readonly TensorDescription[]
): { header: Uint8Array; offsets: number[] } {
  const parts: Uint8Array[] = [Buffer.from("GGUF"), uint32(VERSION), uint64(tensors.length), uint64(metadata.length)];
  for (const entry of metadata) {
    parts.push(string(entry.key));
    for (const part of value(entry)) parts.push(part); // too many for the arguments of one call
  }
  const offsets: number[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    const { name, type, ne } = tensor;
    const encoded = string(name);
    if (encoded.length - 8 > MAX_NAME_BYTES) throw new Error(`the tensor name ${name} is too long for GGUF`);
    // As ggml counts them: extents of 1 at the end are no dimensions.
    const last = ne.findLastIndex((extent) => extent !== 1);
    const dimensions = ne.slice(0, Math.max(0, last) + 1);
    parts.push(encoded, uint32(dimensions.length), ...dimensions.map(uint64), uint32(typeNumberOf(type)));
    parts.push(uint64(offset));
    offsets.push(offset);
    offset += aligned(tensorBytes(tensor));
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return { header: Buffer.concat(parts, aligned(length)), offsets };
}

function value(entry: MetadataEntry): Uint8Array[] {
  if (entry.type === "encoded") return [entry.value];
  const type = uint32(VALUE_TYPES[entry.type]);
  switch (entry.type) {
    case "uint32":
      return [type, uint32(entry.value)];
    case "int32":
      return [type, numbers(Int32Array, [entry.value])];
    case "float32":
      return [type, numbers(Float32Array, [entry.value])];
    case "bool":
      return [type, Uint8Array.of(entry.value ? 1 : 0)];
    case "string":
      return [type, string(entry.value)];
    case "array": {
      const head = [type, uint32(VALUE_TYPES[entry.elementType]), uint64(entry.value.length)];
      switch (entry.elementType) {
        case "string":
          return [...head, ...entry.value.map(string)];
        case "int32":
          return [...head, numbers(Int32Array, entry.value)];
        case "float32":
          return [...head, numbers(Float32Array, entry.value)];
        case "bool":
          return [...head, Uint8Array.from(entry.value, Number)];
      }
    }
  }
}

function numbers(type: typeof Int32Array | typeof Float32Array, values: readonly number[]): Uint8Array {
  return new Uint8Array(type.from(values).buffer); // as little-endian as all platforms of this package
}

function uint32(number: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(number).buffer);
}

function uint64(number: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(number)).buffer);
}

function string(text: string): Uint8Array {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([uint64(bytes.length), bytes]);
}
