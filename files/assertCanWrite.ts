import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import path from "node:path";
import { InvalidInputError } from "../plugin/errors/InvalidInputError.js";
import { writeFailure } from "./writeFailure.js";

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
