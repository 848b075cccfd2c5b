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

/**
 * Checks that every program for building the runtime is installed, and that the GPU is there that it is built for, before minutes
 * are spent on it.
 *
 * @throws {MissingBuildToolsError} names all that is missing and the command that installs it
 * @throws {MissingGpuError} a CUDA build on a machine without a GPU
 */
export async function assertBuildTools(gpu: RuntimeGpu): Promise<void> {
  if (gpu === "cuda" && (await detectGpus()).length === 0) throw new MissingGpuError();
  const found = await findBuildTools();
  const required: readonly BuildTool[] =
    process.platform === "win32" ? ["cmake", "git"] : ["compiler", "cmake", "make", "git"];
  const missing: InstallableTool[] = required.filter((tool) => found[tool] === undefined);
  const descriptions = required.filter((tool) => found[tool] === undefined).map((tool) => DESCRIPTIONS[tool]);
  const cuda = gpu === "cuda" ? missingCudaParts(await findCudaToolkit()) : [];
  if (cuda.length > 0) missing.push("cuda");
  if (missing.length > 0) throw new MissingBuildToolsError([...descriptions, ...cuda], await installCommand(missing));
}
