import type { LlamaLogLevel } from "node-llama-cpp";
import { isRpcEndpoint } from "../rpc/rpcServers.js";
import type { LlamaSettings } from "../runtime/nodeLlamaCpp.js";
import { assertOptions, oneOf, ofType, type OptionCheck } from "./options.js";

/** Options of `getMixLlama`: those of node-llama-cpp's `getLlama` that make sense for a runtime of our own. */
export interface MixLlamaOptions extends LlamaSettings {
  /**
   * What to compute on besides the CPU.
   * - **`"auto"`**: CUDA when there is an NVIDIA GPU and either a finished CUDA build or a whole toolkit (nvcc and cuBLAS) to
   *   make one; the CPU otherwise.
   * - **`"cuda"`**: CUDA; building it takes the toolkit.
   * - **`false`**: the CPU.
   *
   * `"auto"` by default.
   */
  gpu?: "auto" | "cuda" | false;
  /**
   * What to do when the runtime has not been built on this machine yet.
   * - **`"auto"`**: build it now, which takes minutes, once.
   * - **`"never"`**: fail with a `RuntimeNotBuiltError`. For servers, where `mixllm build` ran at deployment.
   *
   * `"auto"` by default.
   */
  build?: "auto" | "never";
  /**
   * Machines that keep layers of models and compute them, each by its `host:port`, on which `mixllm rpc-server` runs.
   *
   * Models then have their layers there, as many as fit (`gpuLayers` counts them), shared out by the memory that is free, and
   * `llama.gpu` is `"rpc"` unless there is a GPU as well. For good: a `Llama` that is made later in the process has them too.
   */
  rpc?: readonly string[];
  /**
   * Most threads that models compute with at a time; 0 for as many as each context asks for.
   *
   * On the CPU as many as node-llama-cpp takes, but no more than the machine runs at once, by default: node-llama-cpp takes at
   * least four, and on two cores those spend most of their time waiting for each other.
   */
  maxThreads?: number;
  /** Show the progress of building on stderr. `true` by default; `"stderr"` means the same. */
  progressLogs?: boolean | "stderr";
}

/** A record, so that the compiler tells when node-llama-cpp's levels change; its values would import the whole module. */
const LOG_LEVELS: Readonly<Record<`${LlamaLogLevel}`, true>> = {
  disabled: true,
  fatal: true,
  error: true,
  warn: true,
  info: true,
  log: true,
  debug: true
};

const CHECKS: Readonly<Record<keyof MixLlamaOptions, OptionCheck>> = {
  gpu: oneOf("auto", "cuda", false),
  build: oneOf("auto", "never"),
  progressLogs: oneOf(true, false, "stderr"),
  logLevel: oneOf(...Object.keys(LOG_LEVELS)),
  logger: ofType("function"),
  rpc: {
    expected: 'a list of servers, each as "host:port"',
    accepts: (value) => Array.isArray(value) && value.every(isRpcEndpoint)
  },
  maxThreads: {
    expected: "a whole number of threads, or 0 for no limit",
    accepts: (value) => typeof value === "number" && Number.isInteger(value) && value >= 0
  },
  vramPadding: ofType("number", "function"),
  ramPadding: ofType("number", "function"),
  debug: oneOf(true, false),
  numa: oneOf(false, "distribute", "isolate", "numactl", "mirror"),
  dryRun: oneOf(true, false),
  experimental: ofType("object")
};

/** Options that `getLlama` has and `getMixLlama` cannot have, with the reason. */
const INAPPLICABLE: Readonly<Record<string, string>> = {
  cmakeOptions: "the runtime's build options are fixed",
  usePrebuiltBinaries: "stock binaries cannot run MixLLM files",
  existingPrebuiltBinaryMustMatchBuildOptions: "stock binaries cannot run MixLLM files",
  skipDownload: "building the runtime downloads nothing"
};

/**
 * Checks the options of `getMixLlama`.
 *
 * @throws {InvalidInputError} names the option and what it may be
 */
export function assertMixLlamaOptions(options: unknown): asserts options is MixLlamaOptions {
  assertOptions("getMixLlama", options, CHECKS, INAPPLICABLE);
}
