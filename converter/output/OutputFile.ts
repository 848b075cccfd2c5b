import { open, readdir, rename, rm, statfs, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { formatBytes } from "../../cli/formatBytes.js";
import { writeFailure } from "../../files/writeFailure.js";
import { MixLlmError } from "../../plugin/errors/MixLlmError.js";

/** Room left for whatever else writes to the disk meanwhile. */
const FREE_SPACE_MARGIN = 16 * 1024 * 1024;

/** A file that appears under its name only when it is whole: it is written beside it under a temporary one. */
export class OutputFile {
  readonly path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;

  private constructor(file: string, temporary: string, handle: FileHandle) {
    this.path = file;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /**
   * Creates the temporary file.
   *
   * @param size bytes the whole file will have
   * @throws {MixLlmError} there is not enough free space, or the file cannot be created
   */
  static async create(file: string, size: number): Promise<OutputFile> {
    const directory = path.dirname(path.resolve(file));
    await removeAbandoned(path.resolve(file));
    const { bavail, bsize } = await statfs(directory);
    const free = bavail * bsize;
    if (free < size + FREE_SPACE_MARGIN) {
      throw new MixLlmError(
        `${directory} has ${formatBytes(free)} free, but the file needs ${formatBytes(size)}, with ${formatBytes(FREE_SPACE_MARGIN)} to spare`,
        {
          fix: "Free some space or write to another disk."
        }
      );
    }
    const temporary = `${path.resolve(file)}.${process.pid}.partial`;
    const handle = await open(temporary, "w").catch((error: unknown) => {
      throw writeFailure(temporary, error);
    });
    return new OutputFile(path.resolve(file), temporary, handle);
  }

  /** Writes all of `data` at `position`. */
  async write(position: number, data: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < data.length;) {
        const { bytesWritten } = await this.#handle.write(data, done, data.length - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw writeFailure(this.path, error);
    }
  }

  /** Makes the file permanent under its own name. */
  async commit(size: number): Promise<void> {
    try {
      await this.#handle.truncate(size); // also pads after a last tensor that ends short of the alignment
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#temporary, this.path);
    } catch (error) {
      throw writeFailure(this.path, error);
    }
  }

  /** Removes what has been written; the file's own name stays as it was. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#temporary, { force: true });
  }
}

/** Removes the temporary files of processes that were killed while they wrote `file`. */
async function removeAbandoned(file: string): Promise<void> {
  const prefix = `${path.basename(file)}.`;
  for (const name of await readdir(path.dirname(file))) {
    const pid = name.startsWith(prefix) ? /^(\d+)\.partial$/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid !== undefined && !isRunning(Number(pid))) await rm(path.join(path.dirname(file), name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0); // sends nothing, only looks whether it could
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
