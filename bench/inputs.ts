import { readFile } from "node:fs/promises";
import { openRegularFile } from "../common/files/readFiles.js";
import { readFailure } from "../common/files/fileErrors.js";
import { InvalidInputError } from "../common/errors.js";

/**
 * Makes sure that `path` is a readable file that starts like a GGUF, so that what is not one is called by its name
 * instead of failing somewhere in llama.cpp.
 *
 * @throws {InvalidInputError}
 */
export async function assertGgufFile(path: string): Promise<void> {
  const file = await openRegularFile(path);
  let magic: string;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    magic = buffer.toString("latin1", 0, bytesRead);
  } catch (error) {
    throw readFailure(path, error);
  } finally {
    await file.close();
  }
  if (magic !== "GGUF") {
    throw new InvalidInputError(`${path} is not a GGUF file: it does not start with "GGUF"`, {
      fix: "Give a .gguf file. mixllm-convert makes one from a Hugging Face directory."
    });
  }
}

const LINE_FEED = 10;

/**
 * Reads a text the way llama.cpp's tools read `-f FILE`: its bytes, less one line feed at the very end.
 *
 * @throws {InvalidInputError} the file cannot be read or is empty
 */
export async function readText(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw readFailure(`the text ${path}`, error);
  }
  if (bytes.at(-1) === LINE_FEED) bytes = bytes.subarray(0, -1);
  if (bytes.length === 0) throw new InvalidInputError(`the text ${path} is empty`);
  return bytes;
}
