import type { BuildTool } from "../machine/BuildTool.js";
import { findBuildTools } from "../machine/findBuildTools.js";
import { installCommand } from "../machine/installCommand.js";
import { runProgram } from "../../common/processes.js";
import type { Finding } from "./Finding.js";
import { isOlder } from "./isOlder.js";

/** As CMakeLists.txt asks for. */
export const LEAST_CMAKE = "3.19";

const NAMES: Readonly<Record<BuildTool, string>> = {
  compiler: "C++ compiler",
  cmake: "CMake",
  make: "Ninja or Make",
  git: "Git"
};

/** One finding for each tool that a build needs. */
export async function buildToolFindings(): Promise<Finding[]> {
  const found = await findBuildTools();
  return Promise.all((Object.keys(NAMES) as BuildTool[]).map((tool) => buildToolFinding(tool, found[tool])));
}

async function buildToolFinding(tool: BuildTool, program: string | undefined): Promise<Finding> {
  const name = NAMES[tool];
  if (program !== undefined) {
    const version = (await runProgram(program, ["--version"]))?.split("\n")[0]?.trim();
    const detail = [program, version].filter(Boolean).join(": ");
    const number = /version (\d[\d.]*)/.exec(version ?? "")?.[1];
    if (tool === "cmake" && number !== undefined && isOlder(number, LEAST_CMAKE)) {
      return {
        name,
        status: "missing",
        detail,
        fix: `Install ${LEAST_CMAKE} or newer from https://cmake.org/download/`
      };
    }
    return { name, status: "ok", detail };
  }
  if (process.platform === "win32" && (tool === "compiler" || tool === "make")) {
    return { name, status: "note", detail: "not on PATH; CMake looks for Visual Studio by itself" };
  }
  const command = await installCommand([tool]);
  const fix = command === undefined ? `Install ${name}` : `Run \`${command}\``;
  return { name, status: "missing", detail: "not found", fix };
}
