import { assertBuildTools } from "./assertBuildTools.js";
import { binaryDirectory } from "./buildCache.js";
import { buildRuntime } from "./buildRuntime.js";
import { describeRuntime, type RuntimeDescription } from "./describeRuntime.js";
import { type BuildRecipe, ensureBuild } from "./ensureBuild.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

/** A finished build of the runtime. */
export interface Runtime {
  /** Hash of everything it was made from. */
  readonly key: string;
  readonly gpu: RuntimeGpu;
  /** Real path of its folder. */
  readonly directory: string;
  /** Real path of the folder with llama-addon.node and the shared libraries. */
  readonly binaryDirectory: string;
}

function recipe(gpu: RuntimeGpu): BuildRecipe<RuntimeDescription> {
  return {
    describe: () => describeRuntime(gpu),
    assertBuildable: ({ title }) => assertBuildTools(title, ["compiler", "cmake", "make", "git"], gpu),
    build: buildRuntime
  };
}

const CPU = recipe(false);
const CUDA = recipe("cuda");

/**
 * Gives the runtime that belongs to the installed packages and this machine, building it when it is not there yet.
 *
 * @param options.force builds it anew, from scratch, even when it is there
 * @param options.quiet shows no progress on stderr
 * @throws {NodeLlamaCppVersionError} node-llama-cpp is missing or not the required release
 * @throws {MissingBuildToolsError} it has to be built and a tool for that is missing
 * @throws {MissingGpuError} a CUDA runtime has to be built and there is no GPU
 * @throws {CacheDirectoryError} it has to be built and the cache cannot be written
 * @throws {RuntimeBuildError} the build failed; names its log
 */
export async function ensureRuntime(options: { gpu: RuntimeGpu; force?: boolean; quiet?: boolean }): Promise<Runtime> {
  const { description, directory } = await ensureBuild(options.gpu === "cuda" ? CUDA : CPU, options);
  return { key: description.key, gpu: description.gpu, directory, binaryDirectory: binaryDirectory(directory) };
}
