import type { FileHandle } from "node:fs/promises";
import { readFully } from "../files/readFiles.js";
import type { GgufPlace, GgufScalar } from "./GgufHeader.js";

/** Numbers of the metadata value types that are not in `SCALARS`, and of the one that counts are of. */
export const STRING = 8;
export const ARRAY = 9;
export const UINT32 = 4;

/** Bytes of the fixed-size metadata value types by number, and how to read one. */
export const SCALARS: Readonly<Record<number, readonly [bytes: number, read: (buffer: Buffer) => GgufScalar]>> = {
  0: [1, (buffer) => buffer.readUInt8()],
  1: [1, (buffer) => buffer.readInt8()],
  2: [2, (buffer) => buffer.readUInt16LE()],
  3: [2, (buffer) => buffer.readInt16LE()],
  4: [4, (buffer) => buffer.readUInt32LE()],
  5: [4, (buffer) => buffer.readInt32LE()],
  6: [4, (buffer) => buffer.readFloatLE()],
  7: [1, (buffer) => buffer.readUInt8() !== 0],
  10: [8, (buffer) => buffer.readBigUInt64LE()],
  11: [8, (buffer) => buffer.readBigInt64LE()],
  12: [8, (buffer) => buffer.readDoubleLE()]
};

/** Type, element type and count that lead an array's value; then each string with its length. */
const ARRAY_HEADER_BYTES = 16;
const LENGTH_BYTES = 8;

/**
 * Reads a metadata array whose place a checked header gives.
 *
 * @param file path, for errors
 * @returns its elements, a text's bytes as latin1 so that none is lost
 * @throws {InvalidInputError} the file cannot be read
 */
export async function readMetadataArray(handle: FileHandle, file: string, place: GgufPlace): Promise<GgufScalar[]> {
  const bytes = Buffer.alloc(place.end - place.start);
  await readFully(handle, file, bytes, place.start);
  const [size = 0, read] = SCALARS[bytes.readUInt32LE(4)] ?? [];
  let at = ARRAY_HEADER_BYTES;
  return Array.from({ length: Number(bytes.readBigUInt64LE(8)) }, () => {
    const start = read === undefined ? at + LENGTH_BYTES : at;
    at = start + (read === undefined ? Number(bytes.readBigUInt64LE(at)) : size);
    return read === undefined ? bytes.toString("latin1", start, at) : read(bytes.subarray(start, at));
  });
}
