import { createHash } from "node:crypto";
import { InvalidInputError } from "../../common/errors.js";
import { SafetensorsFile } from "../safetensors/SafetensorsFile.js";

/** A named one-dimensional array in a safetensors file. */
export interface StoredArray {
  readonly name: string;
  readonly dtype: "F32" | "U8";
  readonly data: Uint8Array;
}

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
  const named = new Map(arrays.map(({ name, data }) => [name, data]));
  const header: Record<string, unknown> = {
    __metadata__: { ...metadata, [CHECKSUM]: checksum({ arrays: named, metadata }) }
  };
  let offset = 0;
  for (const { name, dtype, data } of arrays) {
    const shape = [data.length / (dtype === "F32" ? 4 : 1)];
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.length] };
    offset += data.length;
  }
  // The format wants data 8-byte aligned; spaces after the JSON see to it.
  const json = Buffer.from(JSON.stringify(header));
  const padding = Buffer.alloc(-json.length & 7, " ");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  return Buffer.concat([length, json, padding, ...arrays.map(({ data }) => data)]);
}

/**
 * Reads a safetensors file whole, and checks its checksum if it has one.
 *
 * @param ifDamaged what to do about a file that does not hold, for the error; to download it again unless given
 * @throws {InvalidInputError} the file cannot be read or does not hold
 */
export async function readTensorFile(file: string, ifDamaged = "Download it again."): Promise<TensorFile> {
  const opened = await SafetensorsFile.open(file).catch((error: unknown) => {
    throw damaged(file, ifDamaged, error);
  });
  try {
    const arrays = new Map<string, Uint8Array>();
    for (const tensor of opened.tensors) {
      const data = new Uint8Array(tensor.byteLength);
      await opened.read(tensor, 0, data);
      arrays.set(tensor.name, data);
    }
    const { [CHECKSUM]: expected, ...metadata } = opened.metadata;
    if (expected !== undefined && expected !== checksum({ arrays, metadata })) throw damaged(file, ifDamaged);
    return { arrays, metadata };
  } finally {
    await opened.close();
  }
}

function checksum({ arrays, metadata }: TensorFile): string {
  const hash = createHash("sha256").update(JSON.stringify(Object.entries(metadata).sort()));
  for (const name of [...arrays.keys()].sort()) {
    const data = arrays.get(name) ?? new Uint8Array(0);
    hash.update(`${name} ${data.length}\n`).update(data);
  }
  return hash.digest("hex");
}

function damaged(file: string, fix: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError(`${file} is damaged`, { fix, cause });
}
