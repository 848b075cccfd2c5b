import { open, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { assertFreeSpace } from "../../common/files/destination.js";
import { writeFailure } from "../../common/files/fileErrors.js";
import { PartialFile } from "../../common/files/wholeFiles.js";

/** A large file, written piece by piece in any order, that appears under its name only when it is whole. */
export class OutputFile {
  readonly #partial: PartialFile;
  readonly #handle: FileHandle;

  private constructor(partial: PartialFile, handle: FileHandle) {
    this.#partial = partial;
    this.#handle = handle;
  }

  /**
   * Creates the temporary file.
   *
   * @param size bytes that will be written
   * @throws {MixLlmError} there is not enough free space, or the file cannot be created
   */
  static async create(file: string, size: number): Promise<OutputFile> {
    const partial = new PartialFile(file);
    await PartialFile.removeAbandoned(path.dirname(partial.path), path.basename(partial.path));
    await assertFreeSpace(
      [{ path: path.dirname(partial.path), what: "the file", bytes: size }],
      "Free some space or write to another disk."
    );
    const handle = await open(partial.temporary, "w").catch((error: unknown) => {
      throw writeFailure(partial.path, error);
    });
    return new OutputFile(partial, handle);
  }

  /** Writes all of `data` at `position`. */
  async write(position: number, data: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < data.length;) {
        const { bytesWritten } = await this.#handle.write(data, done, data.length - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw writeFailure(this.#partial.path, error);
    }
  }

  /**
   * Ends writing.
   *
   * @returns where the whole file is until it has its own name
   */
  async complete(size: number): Promise<string> {
    try {
      await this.#handle.truncate(size); // also pads after a last tensor that ends short of the alignment
      await this.#handle.close();
    } catch (error) {
      throw writeFailure(this.#partial.path, error);
    }
    return this.#partial.temporary;
  }

  /** Makes the complete file permanent under its own name. */
  async commit(): Promise<void> {
    await this.#partial.commit();
  }

  /** Removes what has been written; the file's own name stays as it was. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await this.#partial.discard();
  }
}
