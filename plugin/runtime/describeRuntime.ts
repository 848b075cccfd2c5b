import { createRequire } from "node:module";
import path from "node:path";
import { createHash } from "node:crypto";
import { cpuFeatures } from "../machine/cpuFeatures.js";
import { gpuArchitectures } from "../machine/gpus.js";
import { packageRoot } from "../../common/package.js";
import { cacheDirectory } from "./buildCache.js";
import { cudaArchitectures } from "./cudaBuild.js";
import { type InputFile, listInputFiles, packageInputFiles } from "./inputFiles.js";
import { nodeLlamaCpp, type NodeLlamaCpp } from "./nodeLlamaCpp.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

/** One runtime that can exist: what it is made from and where it is and will be. */
export interface RuntimeDescription {
  readonly gpu: RuntimeGpu;
  readonly key: string;
  readonly nodeLlamaCpp: NodeLlamaCpp;
  /** Sources of this package that go into it. */
  readonly packageFiles: readonly InputFile[];
  /** Definitions for CMake besides the paths. */
  readonly cmakeOptions: Readonly<Record<string, string>>;
  /** Folder of the finished build, whether it exists or not. */
  readonly directory: string;
  /** Folder in which it is built; shared with earlier builds for the same kind of machine, so that building is incremental. */
  readonly workDirectory: string;
}

const require = createRequire(import.meta.url);

/**
 * Says which runtime belongs to the installed packages and this machine. Reads sources, changes nothing.
 *
 * @throws {NodeLlamaCppVersionError} node-llama-cpp is missing or not the required release
 */
export async function describeRuntime(gpu: RuntimeGpu): Promise<RuntimeDescription> {
  const found = nodeLlamaCpp();
  const packageFiles = await packageInputFiles(packageRoot, gpu);
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
  const key = await runtimeKey({
    nodeLlamaCppVersion: found.version,
    llamaCppRelease: found.llamaCppRelease,
    nodeAddonApiVersion: addonApi.version,
    platform: process.platform,
    arch: process.arch,
    cmakeOptions,
    cpuFeatures: cpuFeatures(),
    gpuArchitectures: architectures,
    files: [...packageFiles, ...(await listInputFiles(found.directory, found.sourceEntries))]
  });
  const machine = `${process.platform}-${process.arch}-${gpu === false ? "cpu" : gpu}`;
  return {
    gpu,
    key,
    nodeLlamaCpp: found,
    packageFiles,
    cmakeOptions,
    directory: path.join(cacheDirectory(), "builds", `${machine}-${key}`),
    workDirectory: path.join(cacheDirectory(), "work", machine)
  };
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

/** Raise when the way a build is made changes while its inputs stay the same. */
const BUILD_RECIPE = 1;

/** Hash of the inputs, 16 lower-case hexadecimal digits. */
export async function runtimeKey(inputs: RuntimeKeyInputs): Promise<string> {
  const { files, cmakeOptions, ...rest } = inputs;
  const fileHashes: [string, string][] = [];
  for (const file of files)
    fileHashes.push([
      file.path,
      createHash("sha256")
        .update(await file.read())
        .digest("hex")
    ]);
  const sortedOptions = Object.entries(cmakeOptions).sort(([a], [b]) => (a < b ? -1 : 1));
  const whole = JSON.stringify([BUILD_RECIPE, rest, sortedOptions, fileHashes]);
  return createHash("sha256").update(whole).digest("hex").slice(0, 16);
}
