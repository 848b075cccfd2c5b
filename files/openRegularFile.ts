import { open, stat, type FileHandle } from "node:fs/promises";
import { InvalidInputError } from "../plugin/errors/InvalidInputError.js";
import { readFailure } from "./readFailure.js";

/**
 * Opens a file to read ranges of it.
 *
 * @param options.ifMissing what to do when it is not there, for the error
 * @throws {InvalidInputError} it is not there, is no regular file or cannot be read
 */
export async function openRegularFile(file: string, options: { ifMissing?: string } = {}): Promise<FileHandle> {
  try {
    const status = await stat(file);
    if (status.isFile()) return await open(file, "r");
    // Opening a pipe would wait for its writer.
    throw new InvalidInputError(
      `cannot read ${file}: it is ${status.isDirectory() ? "a directory" : "no regular file"}`,
      {
        fix: "Give the name of a file."
      }
    );
  } catch (error) {
    throw error instanceof InvalidInputError ? error : readFailure(file, error, options);
  }
}
