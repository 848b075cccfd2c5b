import { setTimeout } from "node:timers/promises";
import { InvalidInputError } from "../common/errors.js";
import { loadNativeAddon } from "../plugin/runtime/toolAddons.js";
import { resolveRuntimeGpu } from "../plugin/runtime/RuntimeGpu.js";
import type { BenchAddon } from "./BenchAddon.js";

/**
 * Loads the native addon of the bench; see `loadNativeAddon` for what may happen on first use.
 *
 * @param options.gpu whether it has to compute on a GPU as well
 * @throws {InvalidInputError} it has to, and there is no GPU that it could use
 */
export async function loadBenchAddon(options: { gpu?: boolean } = {}): Promise<BenchAddon> {
  if (options.gpu !== true) return loadNativeAddon<BenchAddon>("mixllm-bench");
  const gpu = await resolveRuntimeGpu("auto");
  if (gpu === false) {
    throw new InvalidInputError("there is no GPU to compute on: this machine has no NVIDIA GPU or no CUDA toolkit", {
      fix: "Leave out --gpu-layers or --device to measure on the CPU. `mixllm doctor` says what is missing."
    });
  }
  return loadNativeAddon<BenchAddon>("mixllm-bench", { gpu });
}

/**
 * Waits until the CPU threads of the model or kernel that was measured before have gone to sleep: they poll for more work
 * for some milliseconds (patches/upstream), which the next one to be timed would have to share the cores with.
 */
export async function untilThreadsSleep(): Promise<void> {
  await setTimeout(10);
}
