import { expect, test } from "vitest";
import { describePortableRuntime } from "../runtime/describeRuntime.js";
import { TARGETS } from "./targets.js";

test("each target is named after its kind of machine", () => {
  for (const [name, { platform, arch }] of Object.entries(TARGETS)) expect(name).toBe(`${platform}-${arch}`);
  expect(Object.keys(TARGETS).sort()).toEqual(["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64", "win32-x64"]);
});

test("all but those for macOS have a cross compiler", () => {
  const without = Object.entries(TARGETS).filter(([, { cross }]) => cross === undefined);
  expect(without.map(([name]) => name)).toEqual(["darwin-arm64", "darwin-x64"]);
});

test.each([
  ["darwin-arm64", "arm64", "apple_m1;apple_m2_m3"],
  ["darwin-x64", "x86_64", "sse42;haswell;skylakex;cascadelake"]
])("CMake is given for %s on any machine", async (name, architecture, variants) => {
  const target = TARGETS[name];
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const { cmakeOptions, directory } = await describePortableRuntime(target);
  expect(cmakeOptions).toEqual({
    CMAKE_OSX_ARCHITECTURES: architecture,
    CMAKE_OSX_DEPLOYMENT_TARGET: "14.0",
    GGML_NATIVE: "OFF",
    GGML_OPENMP: "OFF",
    GGML_METAL: "OFF",
    GGML_BLAS: "OFF",
    GGML_CUDA: "OFF",
    GGML_BACKEND_DL: "ON",
    GGML_CPU_ALL_VARIANTS: "ON",
    GGML_CPU_VARIANTS: variants
  });
  expect(directory).toContain(`${name}-portable-`);
});
