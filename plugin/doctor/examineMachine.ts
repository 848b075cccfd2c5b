import os from "node:os";
import path from "node:path";
import { formatBytes } from "../../cli/formatBytes.js";
import { NodeLlamaCppVersionError } from "../errors/NodeLlamaCppVersionError.js";
import type { BuildTool } from "../machine/BuildTool.js";
import { cpuFeatures } from "../machine/cpuFeatures.js";
import { detectGpus } from "../machine/detectGpus.js";
import { findBuildTools } from "../machine/findBuildTools.js";
import { findCudaToolkit } from "../machine/findCudaToolkit.js";
import { freeDiskBytes } from "../machine/freeDiskBytes.js";
import type { Gpu } from "../machine/Gpu.js";
import { installCommand } from "../machine/installCommand.js";
import { missingCudaParts } from "../machine/missingCudaParts.js";
import { runProgram } from "../machine/runProgram.js";
import { cacheDirectory } from "../runtime/cacheDirectory.js";
import { describeRuntime } from "../runtime/describeRuntime.js";
import { isFinishedBuild } from "../runtime/isFinishedBuild.js";
import { nodeLlamaCpp } from "../runtime/nodeLlamaCpp.js";
import { readBuildStatus } from "../runtime/readBuildStatus.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";
import type { Finding } from "./Finding.js";

/** As package.json and CMakeLists.txt ask for. */
export const LEAST_NODE = "20.17.0";
export const LEAST_CMAKE = "3.19";

/** Looks at everything that building and running the MixLLM runtime depends on. Changes nothing. */
export async function examineMachine(): Promise<readonly Finding[]> {
  const gpus = await detectGpus();
  const versionFinding = nodeLlamaCppFinding();
  const findings: Finding[] = [
    nodeFinding(),
    versionFinding,
    ...(await buildToolFindings()),
    cpuFinding(),
    gpuFinding(gpus),
    await cudaToolkitFinding(gpus.length > 0)
  ];
  if (versionFinding.status === "ok") {
    findings.push(await buildFinding(false));
    if (gpus.length > 0) findings.push(await buildFinding("cuda"));
  }
  findings.push(await diskFinding());
  return findings;
}

function nodeFinding(): Finding {
  const name = "Node.js";
  const detail = `${process.version} on ${process.platform} ${process.arch}`;
  if (!isOlder(process.versions.node, LEAST_NODE)) return { name, status: "ok", detail };
  return { name, status: "missing", detail, fix: `Install ${LEAST_NODE} or newer from https://nodejs.org` };
}

function isOlder(version: string, least: string): boolean {
  return version.localeCompare(least, "en", { numeric: true }) < 0;
}

function nodeLlamaCppFinding(): Finding {
  const name = "node-llama-cpp";
  try {
    const { version, llamaCppRelease } = nodeLlamaCpp();
    return { name, status: "ok", detail: `${version}, with llama.cpp ${llamaCppRelease}` };
  } catch (error) {
    if (!(error instanceof NodeLlamaCppVersionError)) throw error;
    return { name, status: "missing", detail: error.message, ...(error.fix === undefined ? {} : { fix: error.fix }) };
  }
}

async function buildToolFindings(): Promise<Finding[]> {
  const names: Readonly<Record<BuildTool, string>> = {
    compiler: "C++ compiler",
    cmake: "CMake",
    make: "Ninja or Make",
    git: "Git"
  };
  const found = await findBuildTools();
  return Promise.all(
    (Object.keys(names) as BuildTool[]).map(async (tool): Promise<Finding> => {
      const program = found[tool];
      if (program !== undefined) {
        const version = (await runProgram(program, ["--version"]))?.split("\n")[0]?.trim();
        const detail = [program, version].filter(Boolean).join(": ");
        const number = /version (\d[\d.]*)/.exec(version ?? "")?.[1];
        if (tool === "cmake" && number !== undefined && isOlder(number, LEAST_CMAKE)) {
          const fix = `Install ${LEAST_CMAKE} or newer from https://cmake.org/download/`;
          return { name: names[tool], status: "missing", detail, fix };
        }
        return { name: names[tool], status: "ok", detail };
      }
      if (process.platform === "win32" && (tool === "compiler" || tool === "make"))
        return { name: names[tool], status: "note", detail: "not on PATH; CMake looks for Visual Studio by itself" };
      const command = await installCommand([tool]);
      return {
        name: names[tool],
        status: "missing",
        detail: "not found",
        fix: command === undefined ? `Install ${names[tool]}` : `Run \`${command}\``
      };
    })
  );
}

/** Instruction sets that the kernels use, best first for each architecture, as Linux names them. */
const FAST_FEATURES = ["avx512_vnni", "avx_vnni", "avx512bw", "avx2", "fma", "f16c", "i8mm", "asimddp"];

function cpuFinding(): Finding {
  const model = os.cpus()[0]?.model.trim() ?? process.arch;
  const features = cpuFeatures();
  const fast = FAST_FEATURES.filter((feature) => features.includes(feature));
  const detail = `${model}, ${os.availableParallelism()} threads${fast.length > 0 ? `, ${fast.join(" ")}` : ""}`;
  return { name: "CPU", status: "ok", detail };
}

function gpuFinding(gpus: readonly Gpu[]): Finding {
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

async function cudaToolkitFinding(hasGpu: boolean): Promise<Finding> {
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

async function buildFinding(gpu: RuntimeGpu): Promise<Finding> {
  const name = `Runtime (${gpu === false ? "CPU" : "CUDA"})`;
  const { directory, workDirectory, key } = await describeRuntime(gpu);
  if (await isFinishedBuild(directory)) return { name, status: "ok", detail: `built: ${directory}` };
  const command = `mixllm build --gpu ${String(gpu)}`;
  const status = await readBuildStatus(path.join(workDirectory, "status.json"));
  if (status?.key === key && status.state === "failed")
    return {
      name,
      status: "missing",
      detail: `the last build failed; its log is ${status.logFile}`,
      fix: `Mend what the log complains about, then run \`${command}\``
    };
  if (status?.key === key && status.state === "building")
    return {
      name,
      status: "note",
      detail: isAlive(status.pid)
        ? `process ${status.pid} is building it, ${Math.floor(100 * status.fraction)} % done`
        : `building it was interrupted at ${Math.floor(100 * status.fraction)} %`,
      fix: `Run \`${command}\`; it goes on from there`
    };
  return {
    name,
    status: "note",
    detail: "not built yet; that happens on first use and takes minutes",
    fix: `Run \`${command}\` to do it now`
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function diskFinding(): Promise<Finding> {
  const directory = cacheDirectory();
  const free = await freeDiskBytes(directory);
  const detail = `${formatBytes(free)} free in ${directory}`;
  return free > 1e9
    ? { name: "Disk", status: "ok", detail }
    : {
        name: "Disk",
        status: "note",
        detail,
        fix: "Free some room or set MIXLLM_CACHE_DIR to a folder on another disk"
      };
}
