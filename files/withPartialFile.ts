import path from "node:path";
import { PartialFile } from "./PartialFile.js";

/**
 * Lets `write` make a file under a temporary name, which becomes `file` when it is whole.
 *
 * @param write makes the file at the path it is given
 * @throws {MixLlmError} the disk is full, or the file cannot have its name
 * @throws what `write` throws; nothing half-written stays
 */
export async function withPartialFile(file: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const partial = new PartialFile(file);
  await PartialFile.removeAbandoned(path.dirname(partial.path), path.basename(partial.path));
  try {
    await write(partial.temporary);
    await partial.commit();
  } catch (error) {
    await partial.discard();
    throw error;
  }
}
