import { expect, test } from "vitest";
import type { InputFile } from "./inputFiles.js";
import { runtimeKey, type RuntimeKeyInputs } from "./describeRuntime.js";

const file = (path: string, content: string): InputFile => ({
  path,
  read: () => Promise.resolve(Buffer.from(content))
});

const INPUTS: RuntimeKeyInputs = {
  nodeLlamaCppVersion: "3.22.1",
  llamaCppRelease: "v0.5.0",
  nodeAddonApiVersion: "8.9.2",
  platform: "linux",
  arch: "x64",
  cmakeOptions: { GGML_CUDA: "OFF", GGML_NATIVE: "ON" },
  cpuFeatures: ["avx2", "fma"],
  gpuArchitectures: [],
  files: [file("cpu/a.cpp", "a"), file("patches/1.patch", "p")]
};

test("is the same for the same inputs, whatever the order of the options", async () => {
  const key = await runtimeKey(INPUTS);
  expect(key).toMatch(/^[0-9a-f]{16}$/);
  expect(await runtimeKey({ ...INPUTS, cmakeOptions: { GGML_NATIVE: "ON", GGML_CUDA: "OFF" } })).toBe(key);
});

test.each<[string, Partial<RuntimeKeyInputs>]>([
  ["node-llama-cpp", { nodeLlamaCppVersion: "3.22.2" }],
  ["llama.cpp", { llamaCppRelease: "v0.5.1" }],
  ["node-addon-api", { nodeAddonApiVersion: "8.9.3" }],
  ["platform", { platform: "darwin" }],
  ["architecture", { arch: "arm64" }],
  ["an option's value", { cmakeOptions: { GGML_CUDA: "ON", GGML_NATIVE: "ON" } }],
  ["an option more", { cmakeOptions: { ...INPUTS.cmakeOptions, GGML_RPC: "ON" } }],
  ["CPU features", { cpuFeatures: ["avx2", "avx512f", "fma"] }],
  ["GPU architectures", { gpuArchitectures: ["9.0"] }],
  ["a file's content", { files: [file("cpu/a.cpp", "b"), file("patches/1.patch", "p")] }],
  ["a file's name", { files: [file("cpu/b.cpp", "a"), file("patches/1.patch", "p")] }],
  ["a file more", { files: [...INPUTS.files, file("patches/2.patch", "")] }],
  ["a file less", { files: INPUTS.files.slice(1) }],
  ["content moved between files", { files: [file("cpu/a.cpp", "ap"), file("patches/1.patch", "")] }]
])("changes with %s", async (_, change) => {
  expect(await runtimeKey({ ...INPUTS, ...change })).not.toBe(await runtimeKey(INPUTS));
});
