import type { FileHandle } from "node:fs/promises";

/** The file ends before what it announces. Internal: the caller knows the file and says what was being read. */
export class UnexpectedEnd extends Error {}

/** Read this much at once: headers are megabytes of small values. */
const CHUNK_BYTES = 1 << 20;

/**
 * Reads little-endian values one after the other from a file that nobody vouches for.
 *
 * Nothing is read or allocated on the file's word alone: a length is held against what is left of the file first.
 */
export class BoundedFileReader {
  /** Size of the file in bytes when it was opened. */
  readonly size: number;
  readonly #file: FileHandle;
  #chunk = Buffer.alloc(0);
  #chunkStart = 0;
  #position = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** Byte position of the next value. */
  get position(): number {
    return this.#position;
  }

  /** Bytes left in the file. */
  get remaining(): number {
    return this.size - this.#position;
  }

  /** Moves on by a number of bytes that the file gives. */
  skip(bytes: bigint | number): void {
    if (bytes > this.remaining) throw new UnexpectedEnd();
    this.#position += Number(bytes);
  }

  /** The next `length` bytes; valid until the next call. */
  async bytes(length: number): Promise<Buffer> {
    if (length > this.remaining) throw new UnexpectedEnd();
    let start = this.#position - this.#chunkStart;
    if (start < 0 || start + length > this.#chunk.length) {
      await this.#fill(Math.min(Math.max(length, CHUNK_BYTES), this.remaining));
      start = 0;
    }
    this.#position += length;
    return this.#chunk.subarray(start, start + length);
  }

  async uint32(): Promise<number> {
    return (await this.bytes(4)).readUInt32LE();
  }

  async uint64(): Promise<bigint> {
    return (await this.bytes(8)).readBigUInt64LE();
  }

  async #fill(length: number): Promise<void> {
    const chunk = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#file.read(chunk, filled, length - filled, this.#position + filled);
      // The file was longer when it was opened.
      if (bytesRead === 0) throw new UnexpectedEnd();
      filled += bytesRead;
    }
    this.#chunk = chunk;
    this.#chunkStart = this.#position;
  }
}
