import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { ConflictingRuntimeError } from "../errors.js";

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

/** Shared libraries of a runtime, by the names that the root CMakeLists.txt gives them. */
const RUNTIME_LIBRARY = /^(lib)?mixllm-.*\.so/;

/**
 * First shared library in the text of a Linux `/proc/<pid>/maps` that has the name of one in a runtime's folder and lies elsewhere: the
 * dynamic linker would take it for the runtime's own.
 *
 * @param directory real path of the runtime's folder
 * @param names names of the files in it
 */
export function findConflictingLibrary(maps: string, directory: string, names: readonly string[]): string | undefined {
  for (const line of maps.split("\n")) {
    const file = /\s(\/.*)$/.exec(line)?.[1]?.replace(/ \(deleted\)$/, "");
    if (file === undefined || path.dirname(file) === directory) continue;
    const name = path.basename(file);
    if (RUNTIME_LIBRARY.test(name) && names.includes(name)) return file;
  }
  return undefined;
}
