import { constants } from "node:fs";
import { access, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import { writeFailure } from "../../cli/writeFailure.js";

/**
 * Lets `write` make a file under a temporary name beside `path` and renames it when it is whole, so that a failure or an
 * interruption leaves nothing half-made under the final name.
 *
 * @param options.force replaces an existing file
 * @throws {InvalidInputError} the file exists or is no regular one
 * @throws {MixLlmError} its folder cannot be written
 */
export async function writeWhole(
  path: string,
  options: { force?: boolean },
  write: (temporaryPath: string) => Promise<void>
): Promise<void> {
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isFile() === false) {
    throw new InvalidInputError(`${path} is no regular file`, { fix: "Give the name of the file to write." });
  }
  if (existing !== undefined && options.force !== true) {
    throw new InvalidInputError(`${path} exists already`, {
      fix: "Choose another name, or overwrite it with --force."
    });
  }
  try {
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    throw writeFailure(path, error);
  }
  const temporaryPath = `${path}.${process.pid}.tmp`;
  try {
    await write(temporaryPath);
    await rename(temporaryPath, path);
  } catch (error) {
    await rm(temporaryPath, { force: true });
    if ((error as NodeJS.ErrnoException).syscall === "rename") {
      throw writeFailure(path, error);
    }
    throw error;
  }
}
