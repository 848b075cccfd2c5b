import type { FileHandle } from "node:fs/promises";
import { InvalidInputError } from "../plugin/errors/InvalidInputError.js";
import { readFailure } from "./readFailure.js";

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
