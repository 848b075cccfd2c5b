import type { LlamaOptions } from "node-llama-cpp";

/** Options of `getMixLlama`: those of node-llama-cpp's `getLlama` that make sense for a runtime of our own. */
export interface MixLlamaOptions extends Pick<
  LlamaOptions,
  "logLevel" | "logger" | "maxThreads" | "vramPadding" | "ramPadding" | "debug" | "numa" | "dryRun" | "experimental"
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
  /** Show the progress of building on stderr. `true` by default; `"stderr"` means the same. */
  progressLogs?: boolean | "stderr";
}
