import { readdir, readFile } from "node:fs/promises";
import { ConflictingRuntimeError } from "../errors.js";
import { findConflictingLibrary } from "./findConflictingLibrary.js";

/**
 * Refuses to load a runtime into a process that already holds another build of the same kind, for example after sources changed. CPU and
 * CUDA builds, and node-llama-cpp's own, have names of their own and get along.
 *
 * Only Linux tells a process which files it has mapped at no cost; elsewhere nothing is checked.
 *
 * @param directory real path of the folder whose libraries are about to be loaded
 * @throws {ConflictingRuntimeError}
 */
export async function assertNoConflictingRuntime(directory: string): Promise<void> {
  if (process.platform !== "linux") return;
  const maps = await readFile("/proc/self/maps", "utf8").catch(() => "");
  const library = findConflictingLibrary(maps, directory, await readdir(directory));
  if (library !== undefined) throw new ConflictingRuntimeError(library);
}
