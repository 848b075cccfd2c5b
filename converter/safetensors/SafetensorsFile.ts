import type { FileHandle } from "node:fs/promises";
import { openRegularFile, readFully } from "../../common/files/readFiles.js";
import { InvalidInputError } from "../../common/errors.js";
import { parseSafetensorsHeader, type SafetensorsHeader } from "./parseSafetensorsHeader.js";
import type { StoredTensor } from "../model/StoredTensor.js";

/** The reference implementation's own limit on a header. */
const MAX_HEADER_BYTES = 100_000_000;

/** First bytes of the text file Git leaves in place of a large file it did not fetch. */
const GIT_LFS_POINTER = "version https://git-lfs";

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
