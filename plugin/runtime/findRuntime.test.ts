import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { buildMixLlama } from "../api/buildMixLlama.js";
import { MissingBuildToolsError, RuntimeNotBuiltError } from "../errors.js";
import { findPlatformPackage } from "../prebuilt/platformPackage.js";
import { ensureRuntime } from "./ensureRuntime.js";
import { findRuntime } from "./findRuntime.js";

vi.mock("../prebuilt/platformPackage.js");

const name = "@mixllm/linux-x64";
const FITTING = { name, directory: path.resolve("node_modules", name), key: "0123456789abcdef" };

beforeEach(() => void vi.stubEnv("MIXLLM_CACHE_DIR", path.join(temporaryDirectory(), "empty")));
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test("a platform package that fits serves where nothing is built, also for who builds ahead of time", async () => {
  vi.mocked(findPlatformPackage).mockResolvedValue(FITTING);
  const { directory, key } = FITTING;
  const runtime = { key, gpu: false, directory, binaryDirectory: path.join(directory, "Release") };
  expect(await findRuntime({ gpu: false, build: "never", quiet: true })).toEqual(runtime);
  expect(await findRuntime({ gpu: false, build: "auto", quiet: true })).toEqual(runtime);
  expect(await buildMixLlama({ gpu: false, progressLogs: false })).toEqual(runtime);
});

test("what was built on this machine comes first", async () => {
  vi.unstubAllEnvs();
  vi.mocked(findPlatformPackage).mockResolvedValue(FITTING);
  const built = await ensureRuntime({ gpu: false });
  expect(await findRuntime({ gpu: false, build: "never", quiet: true })).toEqual(built);
});

test('with build: "never" one that does not fit is told with its reason', async () => {
  vi.mocked(findPlatformPackage).mockResolvedValue({ name, misfit: "is not installed" });
  const failure = findRuntime({ gpu: false, build: "never", quiet: true });
  await expect(failure).rejects.toThrow(RuntimeNotBuiltError);
  await expect(failure).rejects.toThrow(`${name} is not installed`);
  await expect(failure).rejects.toMatchObject({ fix: expect.stringContaining("npx mixllm package") as unknown });
});

test("where it would have to be built and cannot be, one that does not fit is told too", async () => {
  vi.mocked(findPlatformPackage).mockResolvedValue({ name, misfit: "is not installed" });
  vi.stubEnv("PATH", temporaryDirectory());
  vi.stubEnv("CXX", "");
  const failure = findRuntime({ gpu: false, build: "auto", quiet: true });
  await expect(failure).rejects.toThrow(MissingBuildToolsError);
  await expect(failure).rejects.toThrow(`Git (git): not found on this machine, and ${name} is not installed`);
  await expect(failure).rejects.toMatchObject({ fix: expect.stringContaining("npx mixllm package") as unknown });
});

test("none is asked about for a GPU", async () => {
  vi.mocked(findPlatformPackage).mockResolvedValue(FITTING);
  await expect(findRuntime({ gpu: "cuda", build: "never", quiet: true })).rejects.toThrow(RuntimeNotBuiltError);
});
