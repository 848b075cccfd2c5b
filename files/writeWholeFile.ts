import { rename, rm, writeFile } from "node:fs/promises";
import { writeFailure } from "./writeFailure.js";

/**
 * Writes a file that appears under its name only when it is whole.
 *
 * @throws {MixLlmError} the disk is full, or the file cannot be written for another reason
 */
export async function writeWholeFile(file: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${file}.partial`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeFailure(file, error);
  }
}
