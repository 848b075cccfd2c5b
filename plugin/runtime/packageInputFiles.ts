import type { InputFile } from "./InputFile.js";
import { listInputFiles } from "./listInputFiles.js";

/** Everything of this package that the native build may read. What is not listed here does not exist for the build. */
const ENTRIES = ["CMakeLists.txt", "cmake", "patches", "cpu", "cuda", "converter/native", "bench/native"];

/** Tests, benchmarks of single parts, documentation and hidden files. */
const NOT_BUILT = /\/(tests?|bench)(\/|$)|\.test\.[^/]+$|\.md$|(^|\/)\./;

/** Lists the files of this package that go into the native build. */
export function packageInputFiles(root: string): Promise<InputFile[]> {
  return listInputFiles(root, ENTRIES, (path) => !NOT_BUILT.test(path));
}
