import { readFile } from "node:fs/promises";
import { ConflictingRuntimeError } from "../errors/ConflictingRuntimeError.js";
import { findConflictingLibrary } from "./findConflictingLibrary.js";

/**
 * Refuses to load a runtime into a process that already holds another build of it.
 *
 * Only Linux tells a process which files it has mapped at no cost; elsewhere nothing is checked.
 *
 * @param ownDirectory real path of the folder whose libraries are about to be loaded
 * @throws {ConflictingRuntimeError}
 */
export async function assertNoConflictingRuntime(ownDirectory: string): Promise<void> {
  if (process.platform !== "linux") return;
  const maps = await readFile("/proc/self/maps", "utf8").catch(() => "");
  const library = findConflictingLibrary(maps, ownDirectory);
  if (library !== undefined) throw new ConflictingRuntimeError(library);
}
