import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { InvalidInputError } from "../../common/errors.js";
import { writeFailure } from "../../common/files/fileErrors.js";
import { withPartialFile } from "../../common/files/wholeFiles.js";
import { SafetensorsFile } from "../safetensors/SafetensorsFile.js";

/** A named one-dimensional array in a safetensors file. */
export interface StoredArray {
  readonly name: string;
  readonly dtype: "F32" | "BF16" | "U8";
  readonly data: Uint8Array;
}

/** An array that is in memory only while it is written. */
export interface ArraySource {
  readonly name: string;
  readonly dtype: string;
  readonly bytes: number;
  readonly read: () => Promise<Uint8Array>;
}

const VALUE_BYTES: Readonly<Record<string, number>> = { F32: 4, BF16: 2 };

/** A `StoredArray` of floats. */
export function floatArray(name: string, { buffer, byteOffset, byteLength }: Float32Array): StoredArray {
  return { name, dtype: "F32", data: new Uint8Array(buffer, byteOffset, byteLength) };
}

/** The floats in an array's bytes, wherever these lie. */
export function floatsOf({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** What a file of arrays holds. */
export interface TensorFile {
  readonly arrays: ReadonlyMap<string, Uint8Array>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Metadata key of the SHA-256 of everything else. */
const CHECKSUM = "sha256";

/** Encodes arrays as a safetensors file, with a checksum of it all in its metadata. */
export function encodeTensorFile(
  arrays: readonly StoredArray[],
  metadata: Readonly<Record<string, string>> = {}
): Uint8Array {
  const sum = new Checksum(metadata);
  for (const { name, data } of [...arrays].sort(byName)) sum.add(name, data);
  const described = arrays.map(({ name, dtype, data }) => ({ name, dtype, bytes: data.length }));
  return Buffer.concat([encodeHeader(described, metadata, sum), ...arrays.map(({ data }) => data)]);
}

/**
 * Writes what `encodeTensorFile` gives, an array in memory at a time; each is read twice.
 *
 * @throws {MixLlmError} the file cannot be written
 * @throws what reading an array throws
 */
export async function writeTensorFile(
  file: string,
  arrays: readonly ArraySource[],
  metadata: Readonly<Record<string, string>>
): Promise<void> {
  const sum = new Checksum(metadata);
  for (const { name, read } of [...arrays].sort(byName)) sum.add(name, await read());
  await withPartialFile(file, async (temporary) => {
    const write = <T>(what: Promise<T>): Promise<T> =>
      what.catch((error: unknown) => {
        throw writeFailure(file, error);
      });
    const handle = await write(open(temporary, "w"));
    try {
      await write(handle.writeFile(encodeHeader(arrays, metadata, sum)));
      for (const { read } of arrays) await write(handle.writeFile(await read()));
    } finally {
      await handle.close();
    }
  });
}

/**
 * Reads a safetensors file, and checks its checksum if it has one.
 *
 * @param ifDamaged what to do about a file that does not hold, for the error; to download it again unless given
 * @param isWanted whether an array is kept, or only checked; all are kept unless given
 * @throws {InvalidInputError} the file cannot be read or does not hold
 */
export async function readTensorFile(
  file: string,
  ifDamaged = "Download it again.",
  isWanted: (name: string) => boolean = () => true
): Promise<TensorFile> {
  const opened = await SafetensorsFile.open(file).catch((error: unknown) => {
    throw damaged(file, ifDamaged, error);
  });
  try {
    const arrays = new Map<string, Uint8Array>();
    const { [CHECKSUM]: expected, ...metadata } = opened.metadata;
    const sum = new Checksum(metadata);
    for (const tensor of [...opened.tensors].sort(byName)) {
      const data = new Uint8Array(tensor.byteLength);
      await opened.read(tensor, 0, data);
      sum.add(tensor.name, data);
      if (isWanted(tensor.name)) arrays.set(tensor.name, data);
    }
    if (expected !== undefined && expected !== sum.value()) throw damaged(file, ifDamaged);
    return { arrays, metadata };
  } finally {
    await opened.close();
  }
}

/** The arrays of a safetensors file whose checksum has been checked. */
export async function arraySources(file: string): Promise<ArraySource[]> {
  const opened = await SafetensorsFile.open(file);
  await opened.close();
  return opened.tensors.map(({ name, dtype, byteLength }) => ({
    name,
    dtype,
    bytes: byteLength,
    read: () => readArray(file, name)
  }));
}

async function readArray(file: string, name: string): Promise<Uint8Array> {
  const opened = await SafetensorsFile.open(file);
  try {
    const tensor = opened.tensors.find((each) => each.name === name);
    if (tensor === undefined) throw new InvalidInputError(`${file} has no ${name} any more`);
    const data = new Uint8Array(tensor.byteLength);
    await opened.read(tensor, 0, data);
    return data;
  } finally {
    await opened.close();
  }
}

function encodeHeader(
  arrays: readonly Omit<ArraySource, "read">[],
  metadata: Readonly<Record<string, string>>,
  sum: Checksum
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { ...metadata, [CHECKSUM]: sum.value() } };
  let offset = 0;
  for (const { name, dtype, bytes } of arrays) {
    header[name] = { dtype, shape: [bytes / (VALUE_BYTES[dtype] ?? 1)], data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  // The format wants data 8-byte aligned; spaces after the JSON see to it.
  const json = Buffer.from(JSON.stringify(header));
  const padding = Buffer.alloc(-json.length & 7, " ");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  return Buffer.concat([length, json, padding]);
}

/** SHA-256 of metadata and arrays, which are added in the order of their names. */
class Checksum {
  readonly #hash = createHash("sha256");

  constructor(metadata: Readonly<Record<string, string>>) {
    this.#hash.update(JSON.stringify(Object.entries(metadata).sort()));
  }

  add(name: string, data: Uint8Array): void {
    this.#hash.update(`${name} ${data.length}\n`).update(data);
  }

  value(): string {
    return this.#hash.digest("hex");
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function damaged(file: string, fix: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError(`${file} is damaged`, { fix, cause });
}
