import { createRequire } from "node:module";
import path from "node:path";
import { cpuFeatures } from "../machine/cpuFeatures.js";
import { gpuArchitectures } from "../machine/gpus.js";
import { packageRoot } from "../../common/package.js";
import type { Target } from "../prebuilt/targets.js";
import { cacheDirectory, type NativeBuild } from "./buildCache.js";
import { cudaArchitectures } from "./cudaBuild.js";
import { buildKey, type InputFile, listInputFiles, runtimeInputFiles } from "./inputFiles.js";
import { nodeLlamaCpp, type NodeLlamaCpp } from "./nodeLlamaCpp.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

/** One runtime that can exist: what it is made from and where it is and will be. */
export interface RuntimeDescription extends NativeBuild {
  readonly gpu: RuntimeGpu;
  readonly nodeLlamaCpp: NodeLlamaCpp;
  /** Sources of this package that go into it. */
  readonly packageFiles: readonly InputFile[];
  /** Definitions for CMake besides the paths. */
  readonly cmakeOptions: Readonly<Record<string, string>>;
}

const require = createRequire(import.meta.url);

/** What a build takes at most, with a margin; CUDA objects are far larger. */
const CPU_BUILD_BYTES = 6e8;
const CUDA_BUILD_BYTES = 6e9;
const PORTABLE_BUILD_BYTES = 1e9;

/**
 * Says which runtime belongs to the installed packages and this machine. Reads sources, changes nothing.
 *
 * @throws {NodeLlamaCppVersionError} node-llama-cpp is missing or not the required release
 */
export async function describeRuntime(gpu: RuntimeGpu): Promise<RuntimeDescription> {
  const found = nodeLlamaCpp();
  const packageFiles = await runtimeInputFiles(packageRoot, gpu);
  const architectures = gpu === "cuda" ? await gpuArchitectures() : [];
  const cmakeOptions = {
    GGML_NATIVE: "ON",
    // Each of Node's worker threads would get an OpenMP team of its own, and with more threads than cores those sleep at
    // every barrier instead of spinning (figures in cpu/NOTES.md).
    GGML_OPENMP: "OFF",
    GGML_METAL: "OFF",
    GGML_CUDA: gpu === "cuda" ? "ON" : "OFF",
    ...(architectures.length > 0 ? { CMAKE_CUDA_ARCHITECTURES: cudaArchitectures(architectures) } : {})
  };
  const addonApi = require("node-addon-api/package.json") as { version: string };
  return describe({
    title: `the MixLLM runtime (${gpuName(gpu)})`,
    machine: machineName(gpu),
    gpu,
    found,
    packageFiles,
    cmakeOptions,
    neededBytes: gpu === false ? CPU_BUILD_BYTES : CUDA_BUILD_BYTES,
    builtFor: {
      nodeAddonApiVersion: addonApi.version,
      platform: process.platform,
      arch: process.arch,
      cpuFeatures: cpuFeatures(),
      gpuArchitectures: architectures
    }
  });
}

/**
 * Says which runtime belongs to the installed packages and any machine of a kind: what a platform package holds.
 *
 * @throws {NodeLlamaCppVersionError} node-llama-cpp is missing or not the required release
 */
export async function describePortableRuntime(target: Target): Promise<RuntimeDescription> {
  const { platform, arch, cmakeOptions, cross } = target;
  const description = await describe({
    title: `the MixLLM runtime for every ${platform} ${arch}`,
    machine: `${platform}-${arch}-portable`,
    gpu: false,
    found: nodeLlamaCpp(),
    packageFiles: await runtimeInputFiles(packageRoot, false),
    cmakeOptions,
    neededBytes: PORTABLE_BUILD_BYTES,
    // Nothing of the machine that it is built on, which is not the one that asks.
    builtFor: { nodeAddonApiVersion: "", platform, arch, cpuFeatures: [], gpuArchitectures: [] }
  });
  const isNative = platform === process.platform && arch === process.arch;
  return isNative ? description : { ...description, cmakeOptions: { ...cmakeOptions, ...cross?.cmakeOptions } };
}

async function describe(of: {
  title: string;
  machine: string;
  gpu: RuntimeGpu;
  found: NodeLlamaCpp;
  packageFiles: readonly InputFile[];
  cmakeOptions: Readonly<Record<string, string>>;
  neededBytes: number;
  builtFor: Omit<RuntimeKeyInputs, "nodeLlamaCppVersion" | "llamaCppRelease" | "cmakeOptions" | "files">;
}): Promise<RuntimeDescription> {
  const { title, machine, gpu, found, packageFiles, cmakeOptions, neededBytes } = of;
  const key = await runtimeKey({
    nodeLlamaCppVersion: found.version,
    llamaCppRelease: found.llamaCppRelease,
    cmakeOptions,
    ...of.builtFor,
    files: [...packageFiles, ...(await listInputFiles(found.directory, found.sourceEntries))]
  });
  return {
    title,
    gpu,
    key,
    nodeLlamaCpp: found,
    packageFiles,
    cmakeOptions,
    directory: path.join(cacheDirectory(), "builds", `${machine}-${key}`),
    addons: ["llama-addon", "mixllm-rpc"],
    workDirectory: path.join(cacheDirectory(), "work", machine),
    neededBytes
  };
}

/** What a runtime or an addon on it computes on, in words. */
export function gpuName(gpu: RuntimeGpu): string {
  return gpu === false ? "CPU" : "CUDA";
}

/** Name for folders of what is built for this kind of machine. */
export function machineName(gpu: RuntimeGpu): string {
  return `${process.platform}-${process.arch}-${gpu === false ? "cpu" : gpu}`;
}

/** All that decides what a runtime build contains. Equal inputs may share a build, different ones never do. */
export interface RuntimeKeyInputs {
  readonly nodeLlamaCppVersion: string;
  readonly llamaCppRelease: string;
  readonly nodeAddonApiVersion: string;
  readonly platform: string;
  readonly arch: string;
  /** Definitions given to CMake. */
  readonly cmakeOptions: Readonly<Record<string, string>>;
  /** The build is compiled for exactly this CPU. */
  readonly cpuFeatures: readonly string[];
  /** Compute capabilities of the GPUs it is compiled for; empty without CUDA. */
  readonly gpuArchitectures: readonly string[];
  /** Sources, each read in full; the folder they come from does not matter, their relative path does. */
  readonly files: readonly InputFile[];
}

/** Hash of the inputs, 16 lower-case hexadecimal digits. */
export function runtimeKey({ files, cmakeOptions, ...rest }: RuntimeKeyInputs): Promise<string> {
  const sortedOptions = Object.entries(cmakeOptions).sort(([a], [b]) => (a < b ? -1 : 1));
  return buildKey([rest, sortedOptions], files);
}
