import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { InvalidInputError } from "../errors.js";
import { writeFailure } from "./fileErrors.js";

/**
 * Checks that a file can be written, before any work is done.
 *
 * @param options.overwrite whether an existing file may be replaced
 * @throws {InvalidInputError} the file exists, or is none that could be replaced
 * @throws {MixLlmError} its directory does not exist or cannot be written
 */
export async function assertCanWrite(file: string, options: { overwrite: boolean }): Promise<void> {
  const existing = await stat(file).catch(() => undefined);
  if (existing?.isDirectory() === true) {
    throw new InvalidInputError(`${file} is a directory`, { fix: "Give the name of the file to write." });
  }
  if (existing?.isFile() === false) {
    throw new InvalidInputError(`${file} is no regular file`, { fix: "Give the name of the file to write." });
  }
  if (existing !== undefined && !options.overwrite) {
    throw new InvalidInputError(`${file} exists already`, {
      fix: "Add --force to replace it, or choose another name."
    });
  }
  // The separator tells a directory from a file of its name.
  await access(path.dirname(path.resolve(file)) + path.sep, constants.W_OK).catch((error: unknown) => {
    throw writeFailure(file, error);
  });
}

/** Free bytes of the disk that a file or folder is on, or will be on when it is made. */
export async function freeDiskBytes(file: string): Promise<number> {
  for (let existing = path.resolve(file); ; existing = path.dirname(existing)) {
    const stats = await statfs(existing).catch(() => undefined);
    if (stats !== undefined) return stats.bavail * stats.bsize;
    if (path.dirname(existing) === existing) return 0;
  }
}
