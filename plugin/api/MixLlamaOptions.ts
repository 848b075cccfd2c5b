import type { LlamaOptions } from "node-llama-cpp";

/** Options of `getMixLlama`: those of node-llama-cpp's `getLlama` that make sense for a runtime of our own. */
export interface MixLlamaOptions extends Pick<
  LlamaOptions,
  "logLevel" | "logger" | "vramPadding" | "ramPadding" | "debug" | "numa" | "dryRun" | "experimental"
> {
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
   * Most threads that models compute with at a time; 0 for as many as each context asks for.
   *
   * On the CPU as many as node-llama-cpp takes, but no more than the machine runs at once, by default: node-llama-cpp takes at
   * least four, and on two cores those spend most of their time waiting for each other.
   */
  maxThreads?: number;
  /** Show the progress of building on stderr. `true` by default; `"stderr"` means the same. */
  progressLogs?: boolean | "stderr";
}
