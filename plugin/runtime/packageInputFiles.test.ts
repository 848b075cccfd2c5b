import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { packageInputFiles } from "./packageInputFiles.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";
import { packageRoot } from "../../common/package.js";

test("takes sources and patches, and leaves out tests, documentation and everything else", async () => {
  const root = temporaryDirectory();
  const files = [
    "CMakeLists.txt",
    "README.md",
    "bench/cli/mixllmBench.ts",
    "bench/native/addon.cpp",
    "converter/native/pack/pack.cpp",
    "converter/native/pack/pack.test.cpp",
    "cpu/README.md",
    "cpu/bench/bench.cpp",
    "cpu/src/kernel.cpp",
    "cpu/test/kernel_test.cpp",
    "cuda/emulation/block.cpp",
    "cuda/interpreter/warp.cpp",
    "cuda/kernel.cu",
    "cuda/tools/CMakeLists.txt",
    "patches/0001-op.patch",
    "patches/tests/load.cpp"
  ];
  for (const file of files) {
    await mkdir(path.join(root, path.dirname(file)), { recursive: true });
    await writeFile(path.join(root, file), file);
  }
  const common = ["CMakeLists.txt", "bench/native/addon.cpp", "converter/native/pack/pack.cpp", "cpu/src/kernel.cpp"];
  const paths = async (gpu: RuntimeGpu) => (await packageInputFiles(root, gpu)).map((file) => file.path);
  expect(await paths(false)).toEqual([...common, "patches/0001-op.patch"]);
  expect(await paths("cuda")).toEqual([...common, "cuda/kernel.cu", "patches/0001-op.patch"]);
});

test("finds what this package is built from", async () => {
  const paths = (await packageInputFiles(packageRoot, false)).map((file) => file.path);
  for (const folder of ["patches/", "cpu/", "converter/native/", "bench/native/"])
    expect(paths.filter((path) => path.startsWith(folder)).length, folder).toBeGreaterThan(0);
  expect(paths).toContain("CMakeLists.txt");
  expect(paths).toContain("patches/op_test/mul_mat_mixllm_test.cpp");
});
