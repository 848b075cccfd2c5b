import os from "node:os";
import path from "node:path";
import type { Llama } from "node-llama-cpp";
import { RuntimeLoadError, RuntimeNotBuiltError } from "../errors.js";
import { assertNoConflictingRuntime } from "../runtime/conflictingRuntime.js";
import { cacheDirectory, isFinishedBuild } from "../runtime/buildCache.js";
import { describeRuntime } from "../runtime/describeRuntime.js";
import { ensureRuntime } from "../runtime/ensureRuntime.js";
import { linkIntoNodeLlamaCpp } from "../runtime/linkIntoNodeLlamaCpp.js";
import { nodeLlamaCpp } from "../runtime/nodeLlamaCpp.js";
import { resolveRuntimeGpu } from "../runtime/RuntimeGpu.js";
import { assertMixLlamaOptions, type MixLlamaOptions } from "./MixLlamaOptions.js";

/**
 * Gives a `Llama` that runs MixLLM files and, exactly as node-llama-cpp's own, every other GGUF file.
 *
 * It is an ordinary `Llama` of node-llama-cpp: chat sessions, completion, embeddings, grammars, LoRA adapters and context sequences
 * work unchanged. The runtime behind it is built on first use, which takes minutes; `buildMixLlama` or `mixllm build`
 * does that ahead of time.
 *
 * @example
 * ```ts
 * const llama = await getMixLlama();
 * const model = await llama.loadModel({ modelPath: "model-mixllm.gguf" });
 * ```
 *
 * @throws {InvalidInputError} an option does not exist or has no such value
 * @throws {NodeLlamaCppVersionError} node-llama-cpp is missing or not the required release
 * @throws {RuntimeNotBuiltError} with `build: "never"`, when there is no build for this machine
 * @throws {MissingBuildToolsError} the runtime has to be built and a compiler, CMake, Git or the CUDA toolkit is missing
 * @throws {MissingGpuError} a CUDA runtime has to be built and there is no GPU
 * @throws {CacheDirectoryError} the runtime has to be built and the cache cannot be written
 * @throws {RuntimeBuildError} building failed, or the CUDA kernels are wrong on this GPU; points to the log
 * @throws {RuntimeLinkError} node-llama-cpp's package folder cannot be written
 * @throws {ConflictingRuntimeError} this process has loaded another build of the runtime
 * @throws {RuntimeLoadError} the build is there but cannot be loaded
 */
export async function getMixLlama(options: MixLlamaOptions = {}): Promise<Llama> {
  assertMixLlamaOptions(options);
  const { gpu: requestedGpu, build, progressLogs, ...passedOn } = options;
  const gpu = await resolveRuntimeGpu(requestedGpu ?? "auto");
  if (build === "never" && !(await isFinishedBuild(await describeRuntime(gpu))))
    throw new RuntimeNotBuiltError(gpu, cacheDirectory());
  const runtime = await ensureRuntime({ gpu, quiet: progressLogs === false });
  await assertNoConflictingRuntime(runtime.binaryDirectory);
  await linkIntoNodeLlamaCpp(runtime);

  const loadError = (cause: unknown): RuntimeLoadError =>
    new RuntimeLoadError(
      path.join(runtime.binaryDirectory, "llama-addon.node"),
      `npx mixllm build --gpu ${String(gpu)} --force`,
      cause
    );
  const llama = await nodeLlamaCpp()
    .getLlama({
      ...passedOn,
      gpu,
      // The marker leads to our build's folder; with these two, nothing but that build can be loaded or made.
      cmakeOptions: { MIXLLM: runtime.key },
      usePrebuiltBinaries: false,
      build: "never"
    })
    .catch((error: unknown) => {
      throw loadError(error);
    });
  if (llama.buildType !== "localBuild" || llama.cmakeOptions["MIXLLM"] !== runtime.key || llama.gpu !== gpu) {
    const { buildType, gpu: loadedGpu } = llama;
    await llama.dispose();
    throw loadError(new Error(`node-llama-cpp loaded something else instead (${buildType}, gpu ${String(loadedGpu)})`));
  }
  if (gpu === false && options.maxThreads === undefined)
    llama.maxThreads = Math.min(llama.maxThreads, os.availableParallelism());
  return llama;
}
