import { readFile } from "node:fs/promises";
import { readFailure } from "../../common/files/fileErrors.js";
import { InvalidInputError } from "../../common/errors.js";

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
