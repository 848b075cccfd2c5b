import { writeFile } from "node:fs/promises";
import { withPartialFile } from "./withPartialFile.js";
import { writeFailure } from "./writeFailure.js";

/**
 * Writes a file that appears under its name only when it is whole.
 *
 * @throws {MixLlmError} the disk is full, or the file cannot be written for another reason
 */
export async function writeWholeFile(file: string, data: Uint8Array | string): Promise<void> {
  await withPartialFile(file, async (temporary) => {
    await writeFile(temporary, data).catch((error: unknown) => {
      throw writeFailure(file, error);
    });
  });
}
