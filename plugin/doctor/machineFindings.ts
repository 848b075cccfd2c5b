import os from "node:os";
import { NodeLlamaCppVersionError } from "../errors.js";
import { nodeLlamaCpp } from "../runtime/nodeLlamaCpp.js";
import { type BuildTool, findBuildTools, installCommand } from "../machine/buildTools.js";
import { runProgram } from "../../common/processes.js";
import { isOlder } from "../machine/isOlder.js";
import { cpuFeatures } from "../machine/cpuFeatures.js";
import { formatBytes } from "../../common/cli/format.js";
import type { Gpu } from "../machine/gpus.js";
import { findCudaToolkit, missingCudaParts } from "../machine/cudaToolkit.js";

/** One thing that `mixllm doctor` looked at. */
export interface Finding {
  /** What was looked at, such as `CMake`. */
  readonly name: string;
  /** `ok`: fine; `note`: fine, but the user may want to know; `missing`: something does not work until it is fixed. */
  readonly status: "ok" | "note" | "missing";
  /** What was found, in words. */
  readonly detail: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** As package.json asks for. */
export const LEAST_NODE = "20.17.0";

export function nodeFinding(): Finding {
  const name = "Node.js";
  const detail = `${process.version} on ${process.platform} ${process.arch}`;
  if (!isOlder(process.versions.node, LEAST_NODE)) return { name, status: "ok", detail };
  return { name, status: "missing", detail, fix: `Install ${LEAST_NODE} or newer from https://nodejs.org` };
}

export function nodeLlamaCppFinding(): Finding {
  const name = "node-llama-cpp";
  try {
    const { version, llamaCppRelease } = nodeLlamaCpp();
    return { name, status: "ok", detail: `${version}, with llama.cpp ${llamaCppRelease}` };
  } catch (error) {
    if (!(error instanceof NodeLlamaCppVersionError)) throw error;
    return { name, status: "missing", detail: error.message, ...(error.fix === undefined ? {} : { fix: error.fix }) };
  }
}

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

/** Instruction sets that the kernels use, best first for each architecture, as Linux names them. */
const FAST_FEATURES = ["avx512_vnni", "avx_vnni", "avx512bw", "avx2", "fma", "f16c", "i8mm", "asimddp"];

export function cpuFinding(): Finding {
  const model = os.cpus()[0]?.model.trim() ?? process.arch;
  const features = cpuFeatures();
  const fast = FAST_FEATURES.filter((feature) => features.includes(feature));
  const detail = `${model}, ${os.availableParallelism()} threads${fast.length > 0 ? `, ${fast.join(" ")}` : ""}`;
  return { name: "CPU", status: "ok", detail };
}

export function gpuFinding(gpus: readonly Gpu[]): Finding {
  if (gpus.length === 0)
    return {
      name: "NVIDIA GPU",
      status: "note",
      detail: "none that nvidia-smi reports; models run on the CPU"
    };
  const detail = gpus
    .map(
      (gpu) => `${gpu.name} (compute capability ${gpu.computeCapability}, ${formatBytes(gpu.memoryMiB * 1024 ** 2)})`
    )
    .join(", ");
  return { name: "NVIDIA GPU", status: "ok", detail: `${detail}, driver ${gpus[0]?.driverVersion}` };
}

/** @param hasGpu without a GPU, a missing toolkit is nothing to mend */
export async function cudaToolkitFinding(hasGpu: boolean): Promise<Finding> {
  const name = "CUDA toolkit";
  const toolkit = await findCudaToolkit();
  const missing = missingCudaParts(toolkit);
  if (missing.length === 0) return { name, status: "ok", detail: `${toolkit.version ?? "?"}: ${toolkit.nvcc}` };
  const found = toolkit.nvcc === undefined ? "" : `${toolkit.nvcc} is there, but `;
  const command = await installCommand(["cuda"]);
  return {
    name,
    status: "note",
    detail: `${found}${missing.join(" and ")} not found${hasGpu ? "; models run on the CPU" : ""}`,
    ...(hasGpu
      ? {
          fix:
            "Install the whole toolkit from https://developer.nvidia.com/cuda-downloads" +
            (command === undefined ? "" : ` or run \`${command}\``)
        }
      : {})
  };
}
