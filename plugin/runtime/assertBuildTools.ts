import { MissingBuildToolsError } from "../errors/MissingBuildToolsError.js";
import type { BuildTool } from "../machine/BuildTool.js";
import { findBuildTools } from "../machine/findBuildTools.js";
import { installCommand } from "../machine/installCommand.js";

const DESCRIPTIONS: Readonly<Record<BuildTool, string>> = {
  compiler: "a C++ compiler (g++ or clang++)",
  cmake: "CMake (cmake)",
  make: "Ninja or Make (ninja, make)",
  git: "Git (git)"
};

/**
 * Checks that every program for building the runtime is installed, before minutes are spent on it.
 *
 * @throws {MissingBuildToolsError} names all that is missing and the command that installs it
 */
export async function assertBuildTools(): Promise<void> {
  const found = await findBuildTools();
  const required: readonly BuildTool[] =
    process.platform === "win32" ? ["cmake", "git"] : ["compiler", "cmake", "make", "git"];
  const missing = required.filter((tool) => found[tool] === undefined);
  if (missing.length > 0)
    throw new MissingBuildToolsError(
      missing.map((tool) => DESCRIPTIONS[tool]),
      await installCommand(missing)
    );
}
