import path from "node:path";
import { fileURLToPath } from "node:url";
import type { getLlama, LastBuildOptions, Llama, LlamaModelOptions, LlamaOptions } from "node-llama-cpp";
import { isMixLlmFile } from "../api/mixLlmFiles.js";
import { openMixLlama } from "../api/getMixLlama.js";
import { assertMixLlamaOptions, type MixLlamaOptions } from "../api/MixLlamaOptions.js";
import { NoKernelsForGpuError } from "../errors.js";
import { defaultGpu, nodeLlamaCppIn } from "../runtime/nodeLlamaCpp.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";
import { resolveRuntimeGpu } from "../runtime/RuntimeGpu.js";

interface OriginalModule {
  readonly getLlama: typeof getLlama;
}

/**
 * What `getLlama` does once `mixllm/register` is imported: `getMixLlama` with those of its options that concern a `Llama`, not
 * the getting or choosing of a build of llama.cpp.
 *
 * @param original URL of the module that holds node-llama-cpp's own, in the package's `dist/bindings`
 */
export async function getLlamaInstead(
  original: string,
  options?: LlamaOptions | "lastBuild" | null,
  lastBuildOptions?: LastBuildOptions
): Promise<Llama> {
  const release = nodeLlamaCppIn(path.resolve(fileURLToPath(original), "..", "..", ".."));
  const asked: LlamaOptions = (options === "lastBuild" ? lastBuildOptions : options) ?? {};
  const gpu = await runtimeGpu(asked.gpu ?? (await defaultGpu(release)));
  if (gpu === undefined) {
    const stock = (await import(original)) as OriginalModule;
    return withoutMixLlmFiles(
      await (options === "lastBuild" ? stock.getLlama("lastBuild", lastBuildOptions) : stock.getLlama(asked))
    );
  }
  const passedOn = {
    ...Object.fromEntries(PASSED_ON.map((name) => [name, asked[name] ?? undefined])),
    gpu,
    build: asked.build === "never" ? "never" : "auto"
  };
  assertMixLlamaOptions(passedOn);
  return openMixLlama(passedOn, release);
}

/** Options that mean the same to `getLlama` and to `getMixLlama`. */
const PASSED_ON = [
  "logLevel",
  "logger",
  "maxThreads",
  "vramPadding",
  "ramPadding",
  "debug",
  "numa",
  "dryRun",
  "experimental",
  "progressLogs"
] as const satisfies readonly (keyof LlamaOptions & keyof MixLlamaOptions)[];

/** The runtime that serves what an app asks for; `undefined` where there is none. */
async function runtimeGpu(gpu: NonNullable<LlamaOptions["gpu"]>): Promise<RuntimeGpu | undefined> {
  if (typeof gpu === "string" && gpu !== "auto") return gpu === "cuda" ? gpu : undefined;
  if (gpu === false) return gpu;
  const excluded = typeof gpu === "string" ? [] : (gpu.exclude ?? []);
  const best = excluded.includes("cuda") ? false : await resolveRuntimeGpu("auto");
  return excluded.includes(best) ? undefined : best;
}

/**
 * A `Llama` of node-llama-cpp's own that tells a MixLLM file from a damaged one: stock llama.cpp misses a tensor in it.
 */
function withoutMixLlmFiles(llama: Llama): Llama {
  const loadModel = llama.loadModel.bind(llama);
  llama.loadModel = async (options: LlamaModelOptions) => {
    if (await isMixLlmFile(options.modelPath).catch(() => false))
      throw new NoKernelsForGpuError(options.modelPath, llama.gpu);
    return loadModel(options);
  };
  return llama;
}
