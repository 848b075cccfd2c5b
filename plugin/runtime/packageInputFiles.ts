import type { InputFile } from "./InputFile.js";
import { listInputFiles } from "./listInputFiles.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

/** Everything of this package that a native build may read. What is not listed here does not exist for the build. */
const ENTRIES = ["CMakeLists.txt", "patches", "cpu", "converter/native", "bench/native"];
const CUDA_ENTRIES = [...ENTRIES, "cuda"];

/** Tests, benchmarks of single parts and tools, documentation and hidden files. */
const NOT_BUILT = /\/(tests?|bench|tools|emulation|interpreter|lab)(\/|$)|\.test\.[^/]+$|\.md$|(^|\/)\./;

/** Lists the files of this package that go into a native build; the CUDA kernels only into one for CUDA. */
export function packageInputFiles(root: string, gpu: RuntimeGpu): Promise<InputFile[]> {
  return listInputFiles(root, gpu === "cuda" ? CUDA_ENTRIES : ENTRIES, (path) => !NOT_BUILT.test(path));
}
