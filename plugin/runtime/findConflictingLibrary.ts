import path from "node:path";

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
