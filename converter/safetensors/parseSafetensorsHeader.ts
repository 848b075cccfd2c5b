import { InvalidInputError } from "../../common/errors.js";
import { findDuplicateKey } from "./findDuplicateKey.js";
import type { StoredTensor } from "../model/StoredTensor.js";

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

/** What the header of a safetensors file says. */
export interface SafetensorsHeader {
  /** Sorted by name. */
  readonly tensors: StoredTensor[];
  /** Texts by key, as the file's writer left them. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Longest shape any weight of a supported model has is 2; this only bounds the work on a hostile header. */
const MAX_DIMENSIONS = 8;

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
  const fail = (what: string): never => {
    throw new InvalidInputError(`${file}: ${what}`, { fix: "Download the file again; it is damaged." });
  };

  let json = "";
  let entries: unknown;
  try {
    json = new TextDecoder("utf-8", { fatal: true }).decode(header);
    entries = JSON.parse(json);
  } catch {
    fail("its header is not valid JSON");
  }
  if (!isObject(entries)) return fail("its header is not a JSON object");
  const duplicate = findDuplicateKey(json);
  if (duplicate !== undefined) fail(`its header has "${duplicate}" twice`);

  const dataStart = 8 + header.length;
  const dataSize = fileSize - dataStart;
  const { __metadata__: metadata, ...described } = entries;
  const tensors: StoredTensor[] = [];
  for (const [name, entry] of Object.entries(described)) {
    if (!isObject(entry)) return fail(`tensor "${name}" has no description`);
    const { dtype, shape, data_offsets: offsets } = entry;
    if (typeof dtype !== "string") return fail(`tensor "${name}" has no dtype`);
    if (!Array.isArray(shape) || shape.length > MAX_DIMENSIONS || !shape.every(isSize)) {
      return fail(`tensor "${name}" has a malformed shape`);
    }
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
      return fail(`tensor "${name}" has malformed data_offsets`);
    }
    const [begin, end] = offsets as [number, number];
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
  return {
    tensors: tensors.sort((a, b) => compareCodePoints(a.name, b.name)),
    metadata: textsOf(metadata)
  };
}

function textsOf(metadata: unknown): Record<string, string> {
  const entries = isObject(metadata) ? Object.entries(metadata) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Tensor names are ASCII in practice; what matters is an order that does not depend on the machine's locale. */
function compareCodePoints(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
