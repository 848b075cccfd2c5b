import { open, stat, type FileHandle } from "node:fs/promises";
import { InvalidInputError } from "../errors.js";
import { readFailure } from "./fileErrors.js";

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

/**
 * Fills `buffer` from byte `position` of a file on.
 *
 * @param path the file's, for errors
 * @throws {InvalidInputError} the file ends early or cannot be read
 */
export async function readFully(handle: FileHandle, path: string, buffer: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done).catch((error) => {
      throw readFailure(path, error);
    });
    if (bytesRead === 0) throw new InvalidInputError(`${path} ends early; it changed while it was being read`);
    done += bytesRead;
  }
}
