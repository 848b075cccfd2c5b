import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { MissingBuildToolsError, MissingGpuError } from "../errors.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { assertBuildTools } from "./assertBuildTools.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

afterEach(() => vi.unstubAllEnvs());

const TITLE = "the MixLLM runtime (CPU)";
const assertAll = (gpu: RuntimeGpu) => assertBuildTools(TITLE, ["compiler", "cmake", "make", "git"], gpu);

/** Makes PATH hold nothing but programs of these names. */
async function onlyPrograms(...names: string[]): Promise<void> {
  const folder = temporaryDirectory();
  for (const name of names) {
    await writeFile(path.join(folder, name), "#!/bin/sh\n");
    await chmod(path.join(folder, name), 0o755);
  }
  vi.stubEnv("PATH", folder);
  vi.stubEnv("CXX", "");
}

async function failure(): Promise<MissingBuildToolsError> {
  const error: unknown = await assertAll(false).then(
    () => undefined,
    (reason: unknown) => reason
  );
  if (!(error instanceof MissingBuildToolsError)) throw new Error("no MissingBuildToolsError", { cause: error });
  return error;
}

// Windows has Visual Studio's tools outside PATH, and macOS an installer of its own.
test.runIf(process.platform === "linux")("is content with each tool by any of its names", async () => {
  await onlyPrograms("g++", "cmake", "make", "git");
  await expect(assertAll(false)).resolves.toBeUndefined();
  await onlyPrograms("clang++", "cmake", "ninja", "git");
  await expect(assertAll(false)).resolves.toBeUndefined();
});

test.runIf(process.platform === "linux")("names every missing tool and the command that installs them", async () => {
  await onlyPrograms("apt-get");
  const error = await failure();
  expect(error.message).toBe(
    "Building the MixLLM runtime (CPU) needs a C++ compiler (g++ or clang++), CMake (cmake), Ninja or Make (ninja, make), " +
      "Git (git): not found on this machine"
  );
  expect(error.fix).toMatch(/`(sudo )?apt-get install -y build-essential cmake make git`/);
});

test.runIf(process.platform === "linux").each([
  ["dnf", /`(sudo )?dnf install -y cmake`/],
  ["apk", /`(sudo )?apk add cmake`/],
  ["pacman", /`(sudo )?pacman -S --needed cmake`/],
  ["unknown", /^Install CMake \(cmake\), make sure that PATH/]
])("knows %s", async (packageManager, fix) => {
  await onlyPrograms("c++", "ninja", "git", packageManager);
  const error = await failure();
  expect(error.missing).toEqual(["CMake (cmake)"]);
  expect(error.fix).toMatch(fix);
});

test.runIf(process.platform === "linux")("asks for nothing that the build does not take", async () => {
  await onlyPrograms("g++", "cmake", "make");
  await expect(assertBuildTools(TITLE, ["compiler", "cmake", "make"], false)).resolves.toBeUndefined();
  await expect(assertAll(false)).rejects.toThrow(/needs Git \(git\): not found/);
});

test.runIf(process.platform === "linux")("takes the compiler that CXX names", async () => {
  await onlyPrograms("cmake", "ninja", "git");
  vi.stubEnv("CXX", process.execPath);
  await expect(assertAll(false)).resolves.toBeUndefined();
});

test.runIf(process.platform === "linux")("builds for CUDA only where there is a GPU to build for", async () => {
  await onlyPrograms("g++", "cmake", "make", "git", "nvidia-smi");
  const failure = assertAll("cuda");
  await expect(failure).rejects.toThrow(MissingGpuError);
  await expect(failure).rejects.toMatchObject({
    fix: expect.stringMatching(/`gpu: false`\.$/) as unknown,
    commandFix: expect.stringMatching(/`--gpu false`\.$/) as unknown
  });
});
