import { isSystemError, readFailure } from "../files/fileErrors.js";
import { openRegularFile } from "../files/readFiles.js";
import { CorruptFileError, NotGgufFileError } from "../errors.js";
import { BoundedFileReader, UnexpectedEnd } from "./BoundedFileReader.js";
import type { GgufHeader, GgufPlace, GgufTensor, GgufValue } from "./GgufHeader.js";
import { ggmlTypeSize } from "./ggmlTypes.js";
import { ARRAY, SCALARS, STRING, UINT32 } from "./metadataValues.js";

// Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

const MAGIC = "GGUF";
const SUPPORTED_VERSIONS = [2, 3];
const DEFAULT_ALIGNMENT = 32;

/** Longest metadata key that the format allows. */
const MAX_KEY_BYTES = 65_535;
/** ggml stores tensor names in 64 bytes with a terminator and refuses longer ones. */
const MAX_TENSOR_NAME_BYTES = 63;
/** Chat templates are the longest single strings and stay far below. */
const MAX_STRING_BYTES = 16 * 1024 * 1024;
/** ggml's tensors have at most four dimensions. */
const MAX_DIMENSIONS = 4;
/** A key-value pair takes at least a length, a type and one byte of value. */
const MIN_PAIR_BYTES = 13;
/** A tensor's entry takes at least a length, a dimension count, a type and an offset. */
const MIN_TENSOR_BYTES = 24;

/**
 * Reads the header of a GGUF file (versions 2 and 3, little-endian) without trusting it: every count, length and offset is held against
 * the file's size before it is used. Memory use is bounded by the header's own size.
 *
 * @throws {InvalidInputError} there is no such file or it cannot be read
 * @throws {NotGgufFileError} it is not a GGUF file of a supported version
 * @throws {CorruptFileError} its header is cut off or contradicts itself
 */
export async function readGgufHeader(file: string): Promise<GgufHeader> {
  const handle = await openRegularFile(file);
  try {
    const { size } = await handle.stat();
    return await new HeaderParser(file, new BoundedFileReader(handle, size)).parse();
  } catch (error) {
    throw isSystemError(error) ? readFailure(file, error) : error;
  } finally {
    await handle.close();
  }
}

class HeaderParser {
  readonly #file: string;
  readonly #reader: BoundedFileReader;
  /** What is being read, for the error when the file ends there. */
  #current = "the header";

  constructor(file: string, reader: BoundedFileReader) {
    this.#file = file;
    this.#reader = reader;
  }

  async parse(): Promise<GgufHeader> {
    try {
      return await this.#parse();
    } catch (error) {
      if (error instanceof UnexpectedEnd) throw this.#corrupt(`the file ends within ${this.#current}`);
      throw error;
    }
  }

  async #parse(): Promise<GgufHeader> {
    const reader = this.#reader;
    if (reader.size < MAGIC.length || (await reader.bytes(MAGIC.length)).toString("latin1") !== MAGIC)
      throw new NotGgufFileError(this.#file, "it does not begin as a GGUF file does");
    const version = await reader.uint32();
    if (!SUPPORTED_VERSIONS.includes(version))
      throw new NotGgufFileError(
        this.#file,
        (version & 0xffff) === 0
          ? "it is a big-endian GGUF file"
          : `its GGUF version is ${version}, and ${SUPPORTED_VERSIONS.join(" and ")} are supported`
      );
    const tensorCount = this.#count(await reader.uint64(), "tensors", MIN_TENSOR_BYTES);
    const pairCount = this.#count(await reader.uint64(), "metadata pairs", MIN_PAIR_BYTES);
    const { metadata, places } = await this.#metadata(pairCount);
    const tensors = await this.#tensors(tensorCount, this.#alignment(metadata, places));
    return { version, metadata, places, tensors, fileSize: reader.size };
  }

  async #metadata(count: number): Promise<{ metadata: Map<string, GgufValue>; places: Map<string, GgufPlace> }> {
    const metadata = new Map<string, GgufValue>();
    const places = new Map<string, GgufPlace>();
    for (let i = 0; i < count; i++) {
      this.#current = `metadata pair ${i + 1} of ${count}`;
      const key = await this.#string(MAX_KEY_BYTES);
      this.#current = `the metadata value ${key}`;
      const start = this.#reader.position;
      const type = await this.#reader.uint32();
      const value = await this.#value(type, key);
      if (key === "") throw this.#corrupt(`the metadata key ${i + 1} of ${count} is empty`);
      if (metadata.has(key)) throw this.#corrupt(`the metadata key ${key} appears twice`);
      metadata.set(key, value);
      places.set(key, { type, start, end: this.#reader.position });
    }
    return { metadata, places };
  }

  async #value(type: number, key: string): Promise<GgufValue> {
    if (type === STRING) return this.#string(MAX_STRING_BYTES);
    if (type === ARRAY) return this.#skipArray(key);
    const scalar = SCALARS[type];
    if (scalar === undefined) throw this.#corrupt(`the metadata value ${key} has the unknown type ${type}`);
    return scalar[1](await this.#reader.bytes(scalar[0]));
  }

  async #skipArray(key: string): Promise<GgufValue> {
    const reader = this.#reader;
    const elementType = await reader.uint32();
    const length = await reader.uint64();
    const scalar = SCALARS[elementType];
    if (scalar !== undefined) reader.skip(length * BigInt(scalar[0]));
    else if (elementType === STRING) {
      if (length > reader.remaining / 8) throw new UnexpectedEnd();
      for (let i = 0; i < length; i++) reader.skip(await reader.uint64());
    } else throw this.#corrupt(`the metadata array ${key} has elements of the unsupported type ${elementType}`);
    return { arrayLength: Number(length) };
  }

  #alignment(metadata: ReadonlyMap<string, GgufValue>, places: ReadonlyMap<string, GgufPlace>): number {
    const alignment = metadata.get("general.alignment") ?? DEFAULT_ALIGNMENT;
    const { type } = places.get("general.alignment") ?? { type: UINT32 };
    if (type !== UINT32) throw this.#corrupt("general.alignment is not of type u32");
    if (typeof alignment !== "number" || !Number.isInteger(Math.log2(alignment)) || alignment < 1)
      throw this.#corrupt("general.alignment is not a power of two");
    return alignment;
  }

  async #tensors(count: number, alignment: number): Promise<GgufTensor[]> {
    const reader = this.#reader;
    const entries: { name: string; type: number; dimensions: number[]; offset: bigint }[] = [];
    const names = new Set<string>();
    for (let i = 0; i < count; i++) {
      this.#current = `tensor entry ${i + 1} of ${count}`;
      const name = await this.#string(MAX_TENSOR_NAME_BYTES);
      if (names.has(name)) throw this.#corrupt(`the tensor ${name} appears twice`);
      names.add(name);
      const dimensionCount = await reader.uint32();
      if (dimensionCount < 1 || dimensionCount > MAX_DIMENSIONS)
        throw this.#corrupt(`the tensor ${name} has ${dimensionCount} dimensions`);
      const dimensions: number[] = [];
      for (let d = 0; d < dimensionCount; d++) dimensions.push(this.#dimension(await reader.uint64(), name));
      const type = await reader.uint32();
      entries.push({ name, type, dimensions, offset: await reader.uint64() });
    }
    const dataStart = Math.ceil(reader.position / alignment) * alignment;
    const tensors = entries.map((entry) => this.#locate(entry, dataStart, alignment));
    this.#assertContiguous(tensors, dataStart, alignment);
    return tensors;
  }

  /** ggml reads no file whose tensors' data do not follow each other, in the order of the header, without gaps. */
  #assertContiguous(tensors: readonly GgufTensor[], dataStart: number, alignment: number): void {
    let expected = dataStart;
    for (const { name, fileOffset, byteLength } of tensors) {
      if (fileOffset !== expected)
        throw this.#corrupt(
          `the data of the tensor ${name} begins at byte ${fileOffset}, and what comes before it ends at ${expected}`
        );
      if (byteLength === undefined) return;
      expected += Math.ceil(byteLength / alignment) * alignment;
    }
  }

  #locate(
    entry: { name: string; type: number; dimensions: number[]; offset: bigint },
    dataStart: number,
    alignment: number
  ): GgufTensor {
    const { name, type, dimensions, offset } = entry;
    const size = ggmlTypeSize(type);
    const weights = dimensions.reduce((product, extent) => product * BigInt(extent), 1n);
    const byteLength = size === undefined ? undefined : (weights / BigInt(size.blockWeights)) * BigInt(size.blockBytes);
    if (size !== undefined && (dimensions[0] ?? 0) % size.blockWeights !== 0)
      throw this.#corrupt(`rows of the tensor ${name} are not a whole number of ${size.name} blocks`);
    if (offset % BigInt(alignment) !== 0n) throw this.#corrupt(`the data of the tensor ${name} is not aligned`);
    if (BigInt(dataStart) + offset + (byteLength ?? 0n) > this.#reader.size)
      throw this.#corrupt(`the file ends before the data of the tensor ${name} does`);
    return {
      name,
      type,
      dimensions,
      fileOffset: dataStart + Number(offset),
      byteLength: byteLength === undefined ? undefined : Number(byteLength)
    };
  }

  #count(value: bigint, what: string, minimumBytes: number): number {
    if (value > this.#reader.remaining / minimumBytes)
      throw this.#corrupt(`it announces ${value} ${what}, more than fit into its ${this.#reader.size} bytes`);
    return Number(value);
  }

  #dimension(value: bigint, name: string): number {
    if (value > Number.MAX_SAFE_INTEGER) throw this.#corrupt(`the tensor ${name} has an extent of ${value}`);
    return Number(value);
  }

  async #string(maxBytes: number): Promise<string> {
    const length = await this.#reader.uint64();
    if (length > this.#reader.remaining) throw new UnexpectedEnd();
    if (length > maxBytes)
      throw this.#corrupt(`${this.#current} holds a string of ${length} bytes, and ${maxBytes} are allowed there`);
    return (await this.#reader.bytes(Number(length))).toString("utf8");
  }

  #corrupt(problem: string): CorruptFileError {
    return new CorruptFileError(this.#file, problem);
  }
}
