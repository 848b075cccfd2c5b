import type { BuildTool } from "./BuildTool.js";
import { findProgram } from "../../common/processes.js";

/** Programs that can do each tool's work, best first. `CXX` goes before all when it is set. */
const PROGRAMS: Readonly<Record<BuildTool, readonly string[]>> = {
  compiler: process.platform === "win32" ? ["cl", "clang-cl"] : ["c++", "g++", "clang++"],
  cmake: ["cmake"],
  make: process.platform === "win32" ? ["ninja", "msbuild"] : ["ninja", "make", "gmake"],
  git: ["git"]
};

/**
 * Looks for the programs that building the runtime needs.
 *
 * Visual Studio's compiler is found by CMake through its own registry and is seldom on PATH, so on Windows
 * `compiler` and `make` may be `undefined` on a machine that builds well.
 *
 * @returns path of the program found for each tool
 */
export async function findBuildTools(): Promise<Readonly<Record<BuildTool, string | undefined>>> {
  const found: Record<BuildTool, string | undefined> = {
    compiler: undefined,
    cmake: undefined,
    make: undefined,
    git: undefined
  };
  for (const tool of Object.keys(PROGRAMS) as BuildTool[]) {
    const override = tool === "compiler" ? process.env["CXX"] : undefined;
    const names = override === undefined || override === "" ? PROGRAMS[tool] : [override, ...PROGRAMS[tool]];
    for (const name of names) found[tool] ??= await findProgram(name);
  }
  return found;
}
