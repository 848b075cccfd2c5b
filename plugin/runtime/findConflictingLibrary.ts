import path from "node:path";

/** The names that the root CMakeLists.txt gives to the runtime's shared libraries. */
const RUNTIME_LIBRARY = /^(lib)?mixllm-(llama|ggml)/;

/**
 * First library of a MixLLM runtime in the text of a Linux `/proc/<pid>/maps` that lies outside one folder.
 *
 * @param ownDirectory real path of the folder that may be loaded
 */
export function findConflictingLibrary(maps: string, ownDirectory: string): string | undefined {
  for (const line of maps.split("\n")) {
    const file = /\s(\/.*)$/.exec(line)?.[1]?.replace(/ \(deleted\)$/, "");
    if (file !== undefined && RUNTIME_LIBRARY.test(path.basename(file)) && path.dirname(file) !== ownDirectory)
      return file;
  }
  return undefined;
}
