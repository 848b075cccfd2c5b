import { MissingBuildToolsError, MissingGpuError } from "../errors.js";
import { type BuildTool, findBuildTools, installCommand, type InstallableTool } from "../machine/buildTools.js";
import { detectGpus } from "../machine/gpus.js";
import { findCudaToolkit, missingCudaParts } from "../machine/cudaToolkit.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

const DESCRIPTIONS: Readonly<Record<BuildTool, string>> = {
  compiler: "a C++ compiler (g++ or clang++)",
  cmake: "CMake (cmake)",
  make: "Ninja or Make (ninja, make)",
  git: "Git (git)"
};

/** What Windows has from Visual Studio, which CMake finds where PATH does not lead. */
const OFF_PATH_ON_WINDOWS: readonly BuildTool[] = ["compiler", "make"];

/**
 * Checks that the programs for a build are installed, and that the GPU is there that it is made for, before minutes are spent
 * on it.
 *
 * @param title what is to be built, as `NativeBuild` has it
 * @param gpu the build takes the CUDA toolkit and a GPU
 * @throws {MissingBuildToolsError} names all that is missing and the command that installs it
 * @throws {MissingGpuError} a CUDA build on a machine without a GPU
 */
export async function assertBuildTools(title: string, tools: readonly BuildTool[], gpu: RuntimeGpu): Promise<void> {
  if (gpu === "cuda" && (await detectGpus()).length === 0) throw new MissingGpuError();
  const found = await findBuildTools();
  const required = tools.filter((tool) => process.platform !== "win32" || !OFF_PATH_ON_WINDOWS.includes(tool));
  const missing: InstallableTool[] = required.filter((tool) => found[tool] === undefined);
  const descriptions = required.filter((tool) => found[tool] === undefined).map((tool) => DESCRIPTIONS[tool]);
  const cuda = gpu === "cuda" ? missingCudaParts(await findCudaToolkit()) : [];
  if (cuda.length > 0) missing.push("cuda");
  if (missing.length > 0)
    throw new MissingBuildToolsError(title, [...descriptions, ...cuda], await installCommand(missing));
}
