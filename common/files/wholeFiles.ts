import { open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { isProcessRunning } from "../processes.js";
import { writeFailure } from "./fileErrors.js";

/** Waits until a file's bytes are on the disk, so that a name given to it afterwards never stands for less. */
export async function flushFile(file: string): Promise<void> {
  const handle = await open(file, "r+");
  await handle.sync().finally(() => handle.close());
}

/** What a temporary name adds to the file's own: the process that writes it, and a number that no other has. */
const SUFFIX = /\.(\d+)\.[0-9a-f]{8}\.partial$/;

/**
 * A file on its way: it is written under a temporary name beside its own, which it takes when it is whole. A failure, a
 * kill or a power cut at any moment leaves the old file or the new one.
 */
export class PartialFile {
  readonly path: string;
  /** Where to write. Nothing is there yet. */
  readonly temporary: string;

  constructor(file: string) {
    this.path = path.resolve(file);
    this.temporary = `${this.path}.${process.pid}.${randomBytes(4).toString("hex")}.partial`;
  }

  /**
   * Gives what has been written the file's own name, in place of what had it.
   *
   * @throws {MixLlmError} the disk is full, or the name cannot be had
   */
  async commit(): Promise<void> {
    try {
      await flushFile(this.temporary);
      await rename(this.temporary, this.path);
    } catch (error) {
      throw writeFailure(this.path, error);
    }
  }

  /** Removes what has been written, as far as that can be done; the file's own name stays as it was. */
  async discard(): Promise<void> {
    await rm(this.temporary, { force: true }).catch(() => undefined);
  }

  /**
   * Removes from a folder what killed processes left half-written.
   *
   * @param name of the one file to look for; every file unless given
   */
  static async removeAbandoned(folder: string, name?: string): Promise<void> {
    for (const entry of await readdir(folder).catch(() => [])) {
      const match = SUFFIX.exec(entry);
      if (match === null || (name !== undefined && entry.slice(0, match.index) !== name)) continue;
      if (!isProcessRunning(Number(match[1])))
        await rm(path.join(folder, entry), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/**
 * Lets `write` make a file under a temporary name, which becomes `file` when it is whole.
 *
 * @param write makes the file at the path it is given
 * @throws {MixLlmError} the disk is full, or the file cannot have its name
 * @throws what `write` throws; nothing half-written stays
 */
export async function withPartialFile(file: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const partial = new PartialFile(file);
  await PartialFile.removeAbandoned(path.dirname(partial.path), path.basename(partial.path));
  try {
    await write(partial.temporary);
    await partial.commit();
  } catch (error) {
    await partial.discard();
    throw error;
  }
}

/**
 * Writes a file that appears under its name only when it is whole.
 *
 * @throws {MixLlmError} the disk is full, or the file cannot be written for another reason
 */
export async function writeWholeFile(file: string, data: Uint8Array | string): Promise<void> {
  await withPartialFile(file, async (temporary) => {
    await writeFile(temporary, data).catch((error: unknown) => {
      throw writeFailure(file, error);
    });
  });
}
