import { execFile } from "node:child_process";
import { promisify } from "node:util";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";

// Any compiler does: those of other systems refuse Apple's flags, and CMake says which paths it leaves out for that.
test.runIf(process.platform === "linux").each([
  ["arm64", ["neon-dotprod", "neon-i8mm"]],
  ["x86_64", ["avx2", "avx-vnni", "avx512-vnni"]]
])("for macOS the paths are those of %s, whatever the Mac that compiles", async (architecture, paths) => {
  const { stdout } = await promisify(execFile)("cmake", [
    "-S",
    path.join(packageRoot, "cpu"),
    "-B",
    temporaryDirectory(),
    "-DCMAKE_SYSTEM_NAME=Darwin",
    "-DCMAKE_SYSTEM_PROCESSOR=another",
    `-DCMAKE_OSX_ARCHITECTURES=${architecture}`,
    "-DCMAKE_CXX_COMPILER_WORKS=ON",
    "-DMIXLLM_BUILD_TESTS=OFF"
  ]);
  expect([...stdout.matchAll(/cannot build the (\S+) path/g)].map(([, isa]) => isa)).toEqual(paths);
});
