import { MissingBuildToolsError, MissingGpuError } from "../errors.js";
import type { BuildTool } from "../machine/BuildTool.js";
import { detectGpus } from "../machine/detectGpus.js";
import { findBuildTools } from "../machine/findBuildTools.js";
import { findCudaToolkit } from "../machine/findCudaToolkit.js";
import { installCommand, type InstallableTool } from "../machine/installCommand.js";
import { missingCudaParts } from "../machine/missingCudaParts.js";
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
