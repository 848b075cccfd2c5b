import type { InputFile } from "./InputFile.js";
import { listInputFiles } from "./listInputFiles.js";

/** Everything of this package that the native build may read. What is not listed here does not exist for the build. */
const ENTRIES = ["CMakeLists.txt", "cmake", "patches", "cpu", "cuda", "converter/native", "bench/native"];

/** Lists the files of this package that go into the native build; tests and documentation do not. */
export function packageInputFiles(root: string): Promise<InputFile[]> {
  return listInputFiles(root, ENTRIES, (path) => !/\.test\.[^/]+$|\.md$|(^|\/)\./.test(path));
}
