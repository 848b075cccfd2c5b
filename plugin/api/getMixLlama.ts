import os from "node:os";
import path from "node:path";
import type { Llama } from "node-llama-cpp";
import { RuntimeLoadError } from "../errors.js";
import { assertNoConflictingRuntime } from "../runtime/conflictingRuntime.js";
import { findRuntime } from "../runtime/findRuntime.js";
import { connectRpcServers } from "../rpc/rpcServers.js";
import { createLlama, nodeLlamaCpp, offload, type NodeLlamaCpp } from "../runtime/nodeLlamaCpp.js";
import { resolveRuntimeGpu } from "../runtime/RuntimeGpu.js";
import { assertMixLlamaOptions, type MixLlamaOptions } from "./MixLlamaOptions.js";

/**
 * Gives a `Llama` that runs MixLLM files and, exactly as node-llama-cpp's own, every other GGUF file.
 *
 * It is an ordinary `Llama` of node-llama-cpp: chat sessions, completion, embeddings, grammars, LoRA adapters and context sequences
 * work unchanged. The runtime behind it comes with the platform package `@mixllm/<platform>-<arch>`; where none is
 * installed that fits, it is built on first use, which takes minutes: `buildMixLlama` or `mixllm build` does that ahead of time.
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
 * @throws {RpcServerError} one of the servers of `rpc` does not answer, or is of another version
 * @throws {ConflictingRuntimeError} this process has loaded another build of the runtime
 * @throws {RuntimeLoadError} the build is there but cannot be loaded
 */
export async function getMixLlama(options: MixLlamaOptions = {}): Promise<Llama> {
  assertMixLlamaOptions(options);
  return openMixLlama(options, nodeLlamaCpp());
}

/**
 * What `getMixLlama` does with options that have been checked.
 *
 * @param release the node-llama-cpp whose classes the `Llama` consists of
 */
export async function openMixLlama(options: MixLlamaOptions, release: NodeLlamaCpp): Promise<Llama> {
  const { gpu: requestedGpu, build, rpc = [], progressLogs, ...settings } = options;
  const gpu = await resolveRuntimeGpu(requestedGpu ?? "auto");
  const runtime = await findRuntime({ gpu, build: build ?? "auto", quiet: progressLogs === false });
  await assertNoConflictingRuntime(runtime.binaryDirectory);
  await connectRpcServers(runtime, rpc);

  const file = path.join(runtime.binaryDirectory, "llama-addon.node");
  const loadError = (cause: unknown): RuntimeLoadError =>
    new RuntimeLoadError(file, `npx mixllm build --gpu ${String(gpu)} --force`, cause);
  const llama = await createLlama(release, { file, gpu, cmakeOptions: { MIXLLM: runtime.key } }, settings).catch(
    (error: unknown) => {
      throw loadError(error);
    }
  );
  if (llama.gpu !== gpu) {
    const loadedGpu = llama.gpu;
    await llama.dispose();
    throw loadError(new Error(`it computes on gpu ${String(loadedGpu)}`));
  }
  if (gpu === false && options.maxThreads === undefined)
    llama.maxThreads = Math.min(llama.maxThreads, os.availableParallelism());
  if (gpu === false && rpc.length > 0) offload(llama);
  return llama;
}
