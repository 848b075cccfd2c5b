import { mkdir, writeFile, readdir, readFile, stat, symlink, utimes } from "node:fs/promises";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { packageRoot } from "../../common/package.js";
import { type InputFile, runtimeInputFiles, syncFiles, toolsInputFiles } from "./inputFiles.js";

const paths = async (files: Promise<InputFile[]>) => (await files).map((file) => file.path);

test("takes sources and patches, and leaves out tests, documentation and everything else", async () => {
  const root = temporaryDirectory();
  const files = [
    "CMakeLists.txt",
    "README.md",
    "bench/cli/mixllmBench.ts",
    "bench/native/addon.cpp",
    "common/format/format.h",
    "common/format/readMixLlmFile.ts",
    "common/native/CMakeLists.txt",
    "common/native/addon.cmake",
    "common/native/mingw/mingw.cmake",
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
    "patches/fuzz/fuzz.cpp",
    "patches/upstream/0001-threads.patch",
    "patches/fuzz/fuzz.cpp",
    "patches/tests/load.cpp",
    "patches/upstream/0001-threads.patch"
  ];
  for (const file of files) {
    await mkdir(path.join(root, path.dirname(file)), { recursive: true });
    await writeFile(path.join(root, file), file);
  }
  const common = [
    "CMakeLists.txt",
    "common/format/format.h",
    "common/native/addon.cmake",
    "common/native/mingw/mingw.cmake",
    "cpu/src/kernel.cpp"
  ];
  const patches = ["patches/0001-op.patch", "patches/upstream/0001-threads.patch"];
  expect(await paths(runtimeInputFiles(root, false))).toEqual([...common, ...patches]);
  expect(await paths(runtimeInputFiles(root, "cuda"))).toEqual([...common, "cuda/kernel.cu", ...patches]);
  vi.stubEnv("MIXLLM_UPSTREAM_PATCHES", "0");
  expect(await paths(runtimeInputFiles(root, false))).toEqual([...common, "patches/0001-op.patch"]);
  vi.unstubAllEnvs();
  expect(await paths(toolsInputFiles(root))).toEqual([
    "bench/native/addon.cpp",
    "common/format/format.h",
    "common/native/CMakeLists.txt",
    "common/native/addon.cmake",
    "common/native/mingw/mingw.cmake",
    "converter/native/pack/pack.cpp",
    "cpu/src/kernel.cpp"
  ]);
});

test("finds what this package is built from", async () => {
  const runtime = await paths(runtimeInputFiles(packageRoot, false));
  expect(runtime).toEqual(
    expect.arrayContaining([
      "CMakeLists.txt",
      "common/format/mixllm_format.h",
      "cpu/mixllm_cpu.h",
      "patches/op_test/mul_mat_mixllm_test.cpp"
    ])
  );
  const tools = await paths(toolsInputFiles(packageRoot));
  for (const folder of ["common/native/", "cpu/", "converter/native/", "bench/native/"])
    expect(tools.filter((path) => path.startsWith(folder)).length, folder).toBeGreaterThan(0);
});

const file = (path: string, content: string): InputFile => ({
  path,
  read: () => Promise.resolve(Buffer.from(content))
});

test("writes what is new or changed and leaves the times of the rest alone", async () => {
  const target = temporaryDirectory();
  await syncFiles([file("a.cpp", "a"), file("deep/er/b.cpp", "b")], target);
  const longAgo = new Date("2020-01-01");
  await utimes(path.join(target, "a.cpp"), longAgo, longAgo);
  await utimes(path.join(target, "deep/er/b.cpp"), longAgo, longAgo);

  await syncFiles([file("a.cpp", "a"), file("deep/er/b.cpp", "changed"), file("c.cpp", "c")], target);
  expect((await stat(path.join(target, "a.cpp"))).mtime).toEqual(longAgo);
  expect(await readFile(path.join(target, "deep/er/b.cpp"), "utf8")).toBe("changed");
  expect((await stat(path.join(target, "deep/er/b.cpp"))).mtime.getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(await readFile(path.join(target, "c.cpp"), "utf8")).toBe("c");
});

test("removes what is gone, its empty folders and links, and nothing that is to be kept", async () => {
  const target = temporaryDirectory();
  await mkdir(path.join(target, "node_modules"));
  await writeFile(path.join(target, "node_modules", "kept"), "");
  await symlink("/etc/hostname", path.join(target, "link"));
  await syncFiles([file("gone/deep/a.cpp", "a"), file("stays/b.cpp", "b"), file("stays/gone.cpp", "")], target, [
    "node_modules"
  ]);
  await syncFiles([file("stays/b.cpp", "b")], target, ["node_modules"]);
  expect((await readdir(target, { recursive: true })).sort()).toEqual([
    "node_modules",
    "node_modules/kept",
    "stays",
    "stays/b.cpp"
  ]);
});

test("puts a file where a link was without writing through it", async () => {
  const target = temporaryDirectory();
  const elsewhere = path.join(temporaryDirectory(), "precious");
  await writeFile(elsewhere, "precious");
  await symlink(elsewhere, path.join(target, "a.cpp"));
  await syncFiles([file("a.cpp", "a")], target);
  expect(await readFile(elsewhere, "utf8")).toBe("precious");
  expect((await stat(path.join(target, "a.cpp"))).isFile()).toBe(true);
});
