import type { FileHandle } from "node:fs/promises";
import { z } from "zod";
import { InvalidInputError } from "../../common/errors.js";
import { openRegularFile, readFully } from "../../common/files/readFiles.js";
import { checkJson, listOf, text, whole } from "../../common/json.js";
import type { StoredTensor } from "../model/SourceModel.js";

/** The reference implementation's own limit on a header. */
const MAX_HEADER_BYTES = 100_000_000;

/** First bytes of the text file Git leaves in place of a large file it did not fetch. */
const GIT_LFS_POINTER = "version https://git-lfs";

/** Bytes of one value of each format in the safetensors specification; sub-byte formats are not listed. */
const VALUE_BYTES: ReadonlyMap<string, number> = new Map([
  ["BOOL", 1],
  ["U8", 1],
  ["I8", 1],
  ["F8_E4M3", 1],
  ["F8_E5M2", 1],
  ["F8_E8M0", 1],
  ["U16", 2],
  ["I16", 2],
  ["F16", 2],
  ["BF16", 2],
  ["U32", 4],
  ["I32", 4],
  ["F32", 4],
  ["U64", 8],
  ["I64", 8],
  ["F64", 8]
]);

/** Longest shape any weight of a supported model has is 3; this only bounds the work on a hostile header. */
const MAX_DIMENSIONS = 8;

const extent = whole(0, Number.MAX_SAFE_INTEGER);

/** How a header describes a tensor. */
const ENTRY = z.object(
  {
    dtype: text,
    shape: listOf(extent).max(MAX_DIMENSIONS, { error: `a list of at most ${MAX_DIMENSIONS}` }),
    data_offsets: z.tuple([extent, extent], { error: "a list of two whole numbers" })
  },
  { error: "a JSON object" }
);

/** What the header of a safetensors file says. */
export interface SafetensorsHeader {
  /** Sorted by name. */
  readonly tensors: readonly StoredTensor[];
  /** Texts by key, as the file's writer left them. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An open safetensors file whose header has been checked; data is read by range. */
export class SafetensorsFile {
  readonly path: string;
  /** Sorted by name. */
  readonly tensors: readonly StoredTensor[];
  /** Texts by key, as the file's writer left them. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle, { tensors, metadata }: SafetensorsHeader) {
    this.path = path;
    this.tensors = tensors;
    this.metadata = metadata;
    this.#handle = handle;
  }

  /** @throws {InvalidInputError} the file cannot be read or its header does not hold */
  static async open(path: string): Promise<SafetensorsFile> {
    const handle = await openRegularFile(path, {
      ifMissing: "Finish the download, then run the same command again."
    });
    try {
      return new SafetensorsFile(path, handle, await readHeader(handle, path));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Fills `buffer` with the tensor's bytes from `start` on.
   *
   * @throws {InvalidInputError} the file ends early or cannot be read
   */
  async read(tensor: StoredTensor, start: number, buffer: Uint8Array): Promise<void> {
    await readFully(this.#handle, this.path, buffer, tensor.offset + start);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function readHeader(handle: FileHandle, path: string): Promise<SafetensorsHeader> {
  const { size } = await handle.stat();
  if (size < 8) throw new InvalidInputError(`${path} has ${size} bytes: too few for a safetensors file`);

  const prefix = new Uint8Array(8);
  await readFully(handle, path, prefix, 0);
  if (new TextDecoder().decode(prefix) === GIT_LFS_POINTER.slice(0, 8)) {
    throw new InvalidInputError(`${path} is a Git LFS pointer, not the weights themselves`, {
      fix: "Run `git lfs pull` in the model directory, or download the model with the Hugging Face CLI."
    });
  }
  const headerLength = new DataView(prefix.buffer).getBigUint64(0, true);
  if (headerLength > BigInt(Math.min(size - 8, MAX_HEADER_BYTES))) {
    throw new InvalidInputError(`${path} announces a header of ${headerLength} bytes, which it cannot have`, {
      fix: "The file is truncated or not in safetensors format: download it again."
    });
  }
  const header = new Uint8Array(Number(headerLength));
  await readFully(handle, path, header, 8);
  return parseSafetensorsHeader(header, size, path);
}

/**
 * Reads a safetensors header and checks all of it against the file: every tensor has a known format, lies inside the
 * file, has exactly the bytes its shape needs, and shares none with another.
 *
 * @param header the JSON part of the file, without its length prefix
 * @param fileSize bytes of the whole file
 * @param file the file's path, for errors
 * @throws {InvalidInputError} the header is malformed or lies about the file
 */
export function parseSafetensorsHeader(header: Uint8Array, fileSize: number, file: string): SafetensorsHeader {
  const fix = "Download the file again; it is damaged.";
  const fail = (what: string): never => {
    throw new InvalidInputError(`${file}: ${what}`, { fix });
  };

  let json = "";
  let entries: unknown;
  try {
    json = new TextDecoder("utf-8", { fatal: true }).decode(header);
    entries = JSON.parse(json);
  } catch {
    fail("its header is not valid JSON");
  }
  if (typeof entries !== "object" || entries === null || Array.isArray(entries)) {
    return fail("its header is not a JSON object");
  }
  const duplicate = findDuplicateKey(json);
  if (duplicate !== undefined) fail(`its header has "${duplicate}" twice`);

  const dataStart = 8 + header.length;
  const dataSize = fileSize - dataStart;
  const tensors: StoredTensor[] = [];
  const { __metadata__: metadata, ...described } = entries as Record<string, unknown>;
  for (const [name, entry] of Object.entries(described)) {
    const { dtype, shape, data_offsets: offsets } = checkJson(`tensor "${name}" in ${file}`, entry, ENTRY, { fix });
    const [begin, end] = offsets;
    if (begin > end) fail(`tensor "${name}" ends before it begins`);
    if (end > dataSize) {
      fail(`tensor "${name}" reaches ${end - dataSize} bytes past the end of the file, which is truncated`);
    }
    const valueBytes = VALUE_BYTES.get(dtype);
    if (valueBytes === undefined) return fail(`tensor "${name}" has unknown dtype "${dtype}"`);
    const expected = shape.reduce((product, size) => product * size, valueBytes);
    // A product beyond 2^53 may be rounded, but it is never as small as an honest file.
    if (expected !== end - begin) {
      fail(`tensor "${name}" of shape [${shape.join(", ")}] needs ${expected} bytes but has ${end - begin}`);
    }
    tensors.push({ name, dtype, shape, offset: dataStart + begin, byteLength: end - begin });
  }

  let previous: StoredTensor | undefined;
  for (const tensor of tensors.filter((t) => t.byteLength > 0).sort((a, b) => a.offset - b.offset)) {
    if (previous !== undefined && tensor.offset < previous.offset + previous.byteLength) {
      fail(`tensors "${previous.name}" and "${tensor.name}" overlap`);
    }
    previous = tensor;
  }
  return { tensors: tensors.sort((a, b) => compareCodePoints(a.name, b.name)), metadata: textsOf(metadata) };
}

function textsOf(metadata: unknown): Record<string, string> {
  const entries = typeof metadata === "object" && metadata !== null ? Object.entries(metadata) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/**
 * Finds a key that an object in valid JSON text has twice, which `JSON.parse` would silently resolve to the last one.
 *
 * @returns the first repeated key, or undefined
 */
export function findDuplicateKey(json: string): string | undefined {
  const objects: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === "{") objects.push(new Set());
    else if (character === "[") objects.push(undefined);
    else if (character === "}" || character === "]") objects.pop();
    else if (character === '"') {
      const end = closingQuote(json, at);
      if (isKey(json, end + 1)) {
        const key = JSON.parse(json.slice(at, end + 1)) as string;
        const keys = objects.at(-1);
        if (keys?.has(key) === true) return key;
        keys?.add(key);
      }
      at = end;
    }
  }
  return undefined;
}

/** Where the text that begins at a quote ends. */
function closingQuote(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); ; at = json.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (json[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}

function isKey(json: string, at: number): boolean {
  while (/\s/.test(json[at] ?? "")) at++;
  return json[at] === ":";
}

/** Tensor names are ASCII in practice; what matters is an order that does not depend on the machine's locale. */
function compareCodePoints(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
