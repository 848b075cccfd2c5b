import { createRequire } from "node:module";
import path from "node:path";
import { packageRoot } from "../../common/package.js";
import { RuntimeLoadError } from "../errors.js";
import { connectRpcServers } from "../rpc/rpcServers.js";
import { assertBuildTools } from "./assertBuildTools.js";
import { binaryDirectory, cacheDirectory, headerDirectory, type NativeBuild, publishBuild } from "./buildCache.js";
import { compileProject } from "./compileProject.js";
import { assertNoConflictingRuntime } from "./conflictingRuntime.js";
import { describeRuntime, gpuName, machineName, type RuntimeDescription } from "./describeRuntime.js";
import { type BuildRecipe, ensureBuild } from "./ensureBuild.js";
import { ensureRuntime, type Runtime } from "./ensureRuntime.js";
import { buildKey, type InputFile, syncFiles, toolsInputFiles } from "./inputFiles.js";
import { type BuildOptions, runBuild } from "./runBuild.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

const require = createRequire(import.meta.url);

/** What sources, objects and the result take at most, with a margin. */
const BUILD_BYTES = 1.5e8;

/** The native addons of `mixllm-convert` and `mixllm-bench`. */
export type ToolAddon = "mixllm-converter" | "mixllm-bench";
const ADDONS: readonly ToolAddon[] = ["mixllm-converter", "mixllm-bench"];

/** The tools' addons that can exist for one runtime. */
export interface ToolAddonsDescription extends NativeBuild {
  readonly runtime: RuntimeDescription;
  /** Sources of this package that go into them. */
  readonly packageFiles: readonly InputFile[];
}

/** The tools' addons, built, with the runtime that they are linked to. */
export interface ToolAddons {
  readonly key: string;
  readonly gpu: RuntimeGpu;
  /** Real path of their folder. */
  readonly directory: string;
  readonly runtime: Runtime;
}

/**
 * Says which addons of the tools belong to the installed packages and this machine. Reads sources, changes nothing.
 *
 * @throws {NodeLlamaCppVersionError} node-llama-cpp is missing or not the required release
 */
export async function describeToolAddons(gpu: RuntimeGpu): Promise<ToolAddonsDescription> {
  const runtime = await describeRuntime(gpu);
  const packageFiles = await toolsInputFiles(packageRoot);
  const key = await buildKey({ runtime: runtime.key }, packageFiles);
  return {
    title: `the native code of MixLLM's tools (${gpuName(gpu)})`,
    key,
    directory: path.join(cacheDirectory(), "tools", `${machineName(gpu)}-${key}`),
    addons: ADDONS,
    workDirectory: path.join(cacheDirectory(), "work", `${machineName(gpu)}-tools`),
    neededBytes: BUILD_BYTES,
    runtime,
    packageFiles
  };
}

/** Builds the tools' addons on a runtime that is there, and publishes them. The caller holds the work folder's lock. */
async function buildToolAddons(description: ToolAddonsDescription, options: BuildOptions): Promise<void> {
  const { directory, packageFiles, runtime, workDirectory } = description;
  const packageDirectory = path.join(workDirectory, "package");
  const project = "common/native";
  const runtimeDirectory = binaryDirectory(runtime.directory);
  await runBuild(description, options, async ({ buildDirectory, log, signal, report }) => {
    report(0, "copying sources");
    await syncFiles(packageFiles, packageDirectory, [`${project}/node_modules`, `${project}/package.json`]);
    await compileProject({
      projectDirectory: path.join(packageDirectory, project),
      buildDirectory,
      cmakeOptions: {
        GGML_NATIVE: "ON",
        MIXLLM_RUNTIME_DIR: runtimeDirectory,
        MIXLLM_LLAMA_CPP_DIR: headerDirectory(runtime.directory),
        MIXLLM_RUNTIME_RPATH: path.relative(binaryDirectory(directory), runtimeDirectory).replaceAll(path.sep, "/")
      },
      log,
      signal,
      onProgress: report
    });
    await publishBuild({ compiledDirectory: binaryDirectory(buildDirectory), directory });
  });
}

function recipe(gpu: RuntimeGpu): BuildRecipe<ToolAddonsDescription> {
  return {
    describe: () => describeToolAddons(gpu),
    assertBuildable: ({ title }) => assertBuildTools(title, ["compiler", "cmake", "make"], false),
    build: buildToolAddons
  };
}

const CPU = recipe(false);
const CUDA = recipe("cuda");

/**
 * Gives the tools' addons and the runtime they are linked to, building whichever is not there yet.
 *
 * @param options.gpu takes the runtime for that GPU
 * @param options.force builds the addons, not the runtime, anew, even when they are there
 * @param options.quiet shows no progress on stderr
 * @throws what `ensureRuntime` throws
 */
export async function ensureToolAddons(options: {
  gpu: RuntimeGpu;
  force?: boolean;
  quiet?: boolean;
}): Promise<ToolAddons> {
  const { gpu, quiet = false } = options;
  const runtime = await ensureRuntime({ gpu, quiet });
  const { description, directory } = await ensureBuild(gpu === "cuda" ? CUDA : CPU, options);
  return { key: description.key, gpu, directory, runtime };
}

/**
 * Loads one of the tools' native addons, building it and the runtime first when they are not there yet (minutes, with
 * progress on stderr).
 *
 * @param options.quiet shows no progress
 * @param options.gpu takes the runtime for that GPU, not the one for the CPU
 * @param options.rpc servers whose devices it has besides, each by its `host:port`
 * @returns the addon's exports, with the path of its `file`
 * @throws {MissingBuildToolsError} it has to be built and a tool for that is missing
 * @throws {RuntimeBuildError} the build failed; the error points to its log
 * @throws {ConflictingRuntimeError} another build of the runtime is already loaded in this process
 * @throws {RuntimeLoadError} the addon is there but cannot be loaded
 * @throws {RpcServerError} one of the servers cannot be used
 */
export async function loadNativeAddon<T>(
  name: ToolAddon,
  options: { quiet?: boolean; gpu?: RuntimeGpu; rpc?: readonly string[] } = {}
): Promise<T & { readonly file: string }> {
  const { gpu = false, quiet = false, rpc = [] } = options;
  const { directory, runtime } = await ensureToolAddons({ gpu, quiet });
  await assertNoConflictingRuntime(runtime.binaryDirectory);
  // A library says by itself where those are that it needs, but on Windows, which looks through PATH.
  if (process.platform === "win32")
    process.env["PATH"] = [runtime.binaryDirectory, process.env["PATH"]].join(path.delimiter);
  await connectRpcServers(runtime, rpc);
  const file = path.join(binaryDirectory(directory), `${name}.node`);
  try {
    return Object.assign(require(file) as T & object, { file });
  } catch (error) {
    throw new RuntimeLoadError(file, `npx mixllm build --tools --gpu ${String(gpu)} --force`, error);
  }
}
