import { rename, rm } from "node:fs/promises";
import { assertCanWrite } from "../../files/assertCanWrite.js";
import { writeFailure } from "../../files/writeFailure.js";

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
  await assertCanWrite(path, { overwrite: options.force === true });
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
