import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { beforeEach, expect, test, vi } from "vitest";
import { RuntimeBuildError } from "../errors.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { buildRuntime } from "./buildRuntime.js";
import type { RuntimeDescription } from "./describeRuntime.js";
import type { InputFile } from "./inputFiles.js";
import { nodeLlamaCpp } from "./nodeLlamaCpp.js";
import { readBuildStatus } from "./buildStatus.js";

const run = promisify(execFile);

/** A small project in the place of llama.cpp and of this package's native code; the build itself is the real one. */
const SOURCES = {
  "src/answer.c": "int answer(void) {\n  return 41;\n}\n",
  "src/answer.h": "int answer(void);\n",
  "ggml/src/ggml-cpu/private.h": "int more(void);\n",
  "docs/guide.md": "unused\n"
};
const STOCK_PATCH = `--- a/src/answer.c
+++ b/src/answer.c
@@ -1,3 +1,3 @@
-int answer(void) {
+int llama_answer(void) {
   return 41;
 }
`;
const OUR_PATCH = `--- a/src/answer.c
+++ b/src/answer.c
@@ -1,3 +1,3 @@
 int llama_answer(void) {
-  return 41;
+  return 42;
 }
`;
const CMAKE_LISTS = `cmake_minimum_required(VERSION 3.19)
project(test LANGUAGES C)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "\${CMAKE_BINARY_DIR}/Release")
add_library(llama-addon SHARED cpu/addon.c "\${MIXLLM_LLAMA_CPP_DIR}/src/answer.c")
set_target_properties(llama-addon PROPERTIES PREFIX "" SUFFIX ".node")
`;
const ADDON = "int llama_answer(void);\nint mixllm(void) { return llama_answer(); }\n";

const file = (path: string, content: string): InputFile => ({
  path,
  read: () => Promise.resolve(Buffer.from(content))
});
const packageFiles = (addon = ADDON, patch = OUR_PATCH) => [
  file("CMakeLists.txt", CMAKE_LISTS),
  file("cpu/addon.c", addon),
  file("patches/0001-answer.patch", patch)
];

let description: RuntimeDescription;

beforeEach(async () => {
  const root = temporaryDirectory();
  const repository = path.join(root, "repository");
  for (const [name, content] of Object.entries(SOURCES)) {
    await mkdir(path.dirname(path.join(repository, name)), { recursive: true });
    await writeFile(path.join(repository, name), content);
  }
  const git = (...args: string[]) =>
    run("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], { cwd: repository });
  await git("init", "--quiet");
  await git("add", ".");
  await git("commit", "--quiet", "--message", "release");
  await git("bundle", "create", "--quiet", path.join(root, "release.bundle"), "HEAD");
  await mkdir(path.join(root, "patches"));
  await writeFile(path.join(root, "patches", "PR-1.diff"), STOCK_PATCH);
  description = {
    title: "the MixLLM runtime (CPU)",
    gpu: false,
    key: "0123456789abcdef",
    nodeLlamaCpp: {
      ...nodeLlamaCpp(),
      sourceBundle: path.join(root, "release.bundle"),
      patchFolder: path.join(root, "patches")
    },
    packageFiles: packageFiles(),
    cmakeOptions: {},
    directory: path.join(root, "cache", "builds", "test-0123456789abcdef"),
    addons: ["llama-addon"],
    neededBytes: 1e6,
    workDirectory: path.join(root, "cache", "work", "test")
  };
});

async function build(changes: Partial<RuntimeDescription> = {}, fromScratch = false): Promise<string[]> {
  const steps: string[] = [];
  let last = -1;
  await buildRuntime(
    { ...description, ...changes },
    {
      fromScratch,
      signal: new AbortController().signal,
      onProgress: (fraction, step) => {
        expect(fraction).toBeGreaterThanOrEqual(last);
        last = fraction;
        steps.push(step);
      }
    }
  );
  return steps;
}

const status = () => readBuildStatus(description.workDirectory);
const builtAnswer = async () => {
  const library = await readFile(path.join(description.directory, "Release", "llama-addon.node"), "latin1");
  return library.includes("llama_answer");
};

test("patches, compiles and publishes in node-llama-cpp's layout", async () => {
  const steps = await build();
  expect([...new Set(steps)]).toEqual(["unpacking and patching llama.cpp", "configuring", "compiling"]);
  expect((await readdir(description.directory, { recursive: true })).sort()).toEqual([
    "Release",
    "Release/llama-addon.node",
    "buildDone.status",
    "llama.cpp",
    "llama.cpp/src",
    "llama.cpp/src/answer.h"
  ]);
  expect(await builtAnswer()).toBe(true);
  expect(await readFile(path.join(description.workDirectory, "llama.cpp/src/answer.c"), "utf8")).toContain("return 42");
  expect(await readdir(path.join(description.workDirectory, "llama.cpp"))).toEqual(["ggml", "src"]);
  expect(await status()).toMatchObject({ state: "finished", key: description.key, fraction: 1 });
});

test("a CUDA build is published when its products are right on the GPU", async () => {
  const test = (result: number) =>
    packageFiles().map((source) =>
      source.path === "CMakeLists.txt"
        ? file(
            source.path,
            `${CMAKE_LISTS}file(WRITE test.c "int main(void) { return ${result}; }")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "\${CMAKE_BINARY_DIR}/Release")
add_executable(mul-mat-mixllm-test test.c)
`
          )
        : source
    );
  const failure = build({ gpu: "cuda", packageFiles: test(1) });
  await expect(failure).rejects.toThrow("do not compute what they should on this machine's GPU");
  expect(await status()).toMatchObject({ state: "failed" });
  await expect(stat(description.directory)).rejects.toThrow("ENOENT");

  expect((await build({ gpu: "cuda", packageFiles: test(0) })).at(-1)).toBe("checking the kernels on the GPU");
  expect(await readdir(path.join(description.directory, "Release"))).not.toContain("mul-mat-mixllm-test");
});

test("a later build recompiles what changed and nothing else", async () => {
  await build();
  const buildDirectory = path.join(description.workDirectory, "build");
  const object = async (name: string) => {
    const names = await readdir(buildDirectory, { recursive: true });
    const found = names.find((candidate) => path.basename(candidate) === name) ?? name;
    return (await stat(path.join(buildDirectory, found))).mtimeMs;
  };
  const before = { addon: await object("addon.c.o"), answer: await object("answer.c.o") };
  const key = "fedcba9876543210";
  const directory = path.join(path.dirname(description.directory), `test-${key}`);
  await build({ key, directory, packageFiles: packageFiles(`${ADDON}int more(void) { return 1; }\n`) });
  expect(await object("answer.c.o")).toBe(before.answer);
  expect(await object("addon.c.o")).toBeGreaterThan(before.addon);
});

test("what an earlier version of the project made is not published", async () => {
  await build();
  const leftover = path.join(description.workDirectory, "build", "Release", "leftover.so");
  await writeFile(leftover, "");
  await build();
  expect(await readdir(path.join(description.directory, "Release"))).not.toContain("leftover.so");
});

test("a log that cannot be written does not end the process", async () => {
  await mkdir(path.join(description.workDirectory, "build.log"), { recursive: true });
  await build();
  expect(await builtAnswer()).toBe(true);
});

test("a compiler's error names the log and the line, and the next build goes on from there", async () => {
  const failure = build({ packageFiles: packageFiles("int mixllm(void) { return missing; }\n") });
  await expect(failure).rejects.toThrow(RuntimeBuildError);
  await expect(failure).rejects.toThrow(/failed while compiling\n.*addon\.c:1:\d+: error: .missing. undeclared/);
  const logFile = path.join(description.workDirectory, "build.log");
  await expect(failure).rejects.toMatchObject({ logFile });
  expect(await readFile(logFile, "utf8")).toContain("missing");
  expect(await status()).toMatchObject({ state: "failed" });
  await expect(stat(description.directory)).rejects.toThrow("ENOENT");

  await build();
  expect(await builtAnswer()).toBe(true);
});

test("a compiler that cannot even be tested is named with what it said itself", async () => {
  const compiler = path.join(temporaryDirectory(), "broken-cc");
  await writeFile(compiler, "#!/bin/sh\necho 'ld: cannot find crt1.o: No such file or directory' >&2\nexit 1\n", {
    mode: 0o755
  });
  const failure = build({ cmakeOptions: { CMAKE_C_COMPILER: compiler } });
  await expect(failure).rejects.toThrow(
    /failed while configuring\n.*CMake Error[^]*broken-cc[^]*ld: cannot find crt1\.o/
  );
});

test("no room to build in is said with what it takes", async () => {
  const failure = build({ neededBytes: 1e18 });
  await expect(failure).rejects.toThrow(/^Cannot build the MixLLM runtime \(CPU\) in .*: it needs about .* are free$/);
  await expect(failure).rejects.toMatchObject({ fix: expect.stringMatching(/^Free some room/) as unknown });
});

test("a patch that does not apply is an error that names it, and leaves no source that looks patched", async () => {
  const wrong = OUR_PATCH.replace("return 41", "return 40");
  const failure = build({ packageFiles: packageFiles(ADDON, wrong) });
  await expect(failure).rejects.toThrow(
    /failed while unpacking and patching llama\.cpp\n.*error: patch failed: src\/answer\.c/
  );
  await expect(stat(path.join(description.workDirectory, "llama.cpp.done"))).rejects.toThrow("ENOENT");
  expect((await readdir(description.workDirectory)).filter((name) => name.includes("clone"))).toEqual([]);
  await build();
  expect(await builtAnswer()).toBe(true);
});

test("unpacks anew when an earlier run was interrupted between unpacking and its marker", async () => {
  await build();
  await rm(path.join(description.workDirectory, "llama.cpp.done"));
  await writeFile(path.join(description.workDirectory, "llama.cpp/src/answer.c"), "half a fi");
  await build();
  expect(await readFile(path.join(description.workDirectory, "llama.cpp/src/answer.c"), "utf8")).toContain("return 42");
});

test("a surrounding Git and the user's Git settings change nothing", async () => {
  const home = temporaryDirectory();
  await writeFile(path.join(home, ".gitconfig"), "[core]\n\tautocrlf = true\n\thooksPath = /nonexistent\n");
  await run("git", ["init", "--quiet", home]);
  vi.stubEnv("HOME", home);
  vi.stubEnv("GIT_DIR", path.join(home, ".git"));
  vi.stubEnv("GIT_WORK_TREE", home);
  try {
    await build();
  } finally {
    vi.unstubAllEnvs();
  }
  const patched = await readFile(path.join(description.workDirectory, "llama.cpp/src/answer.c"), "utf8");
  expect(patched).toBe("int llama_answer(void) {\n  return 42;\n}\n");
});

test("a lost lock stops the build and says so", async () => {
  const lost = new AbortController();
  lost.abort(new Error("lock lost"));
  const failure = buildRuntime(description, { fromScratch: false, signal: lost.signal, onProgress: () => undefined });
  await expect(failure).rejects.toThrow("its lock was lost to another process");
});

test("options that CMake remembers from an earlier version of the project do not reach the next build", async () => {
  await build({ cmakeOptions: { CMAKE_C_FLAGS: "-DOLD" } });
  const addon = "#ifdef OLD\n#error old\n#endif\n" + ADDON;
  await build({ packageFiles: packageFiles(addon) });
  expect(await builtAnswer()).toBe(true);
});

test("from scratch leaves nothing of the earlier build", async () => {
  await build();
  const leftover = path.join(description.workDirectory, "build", "leftover");
  await writeFile(leftover, "");
  await build({}, true);
  await expect(stat(leftover)).rejects.toThrow("ENOENT");
  expect(await builtAnswer()).toBe(true);
});
