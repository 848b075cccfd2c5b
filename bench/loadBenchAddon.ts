import { setTimeout } from "node:timers/promises";
import { InvalidInputError } from "../common/errors.js";
import { loadNativeAddon } from "../plugin/runtime/toolAddons.js";
import { resolveRuntimeGpu } from "../plugin/runtime/RuntimeGpu.js";
import type { BenchAddon } from "./BenchAddon.js";

/** What the bench computes on besides the CPU. */
export interface BenchDevices {
  /** Whether on a GPU. */
  readonly gpu?: boolean;
  /** RPC servers that keep layers, each by its `host:port`. */
  readonly rpc?: readonly string[];
}

/**
 * Loads the native addon of the bench; see `loadNativeAddon` for what may happen on first use.
 *
 * @throws {InvalidInputError} it has to compute on a GPU, and there is none that it could use
 * @throws {RpcServerError} one of the servers cannot be used
 */
export async function loadBenchAddon({ gpu: usesGpu = false, rpc = [] }: BenchDevices = {}): Promise<BenchAddon> {
  const gpu = usesGpu ? await resolveRuntimeGpu("auto") : false;
  if (usesGpu && gpu === false && rpc.length === 0) {
    throw new InvalidInputError("there is no GPU to compute on: this machine has no NVIDIA GPU or no CUDA toolkit", {
      fix: "Leave out --gpu-layers or --device to measure on the CPU. `mixllm doctor` says what is missing."
    });
  }
  return loadNativeAddon<BenchAddon>("mixllm-bench", { gpu, rpc });
}

/**
 * Waits until the CPU threads of the model or kernel that was measured before have gone to sleep: they poll for more work
 * for some milliseconds (patches/upstream), which the next one to be timed would have to share the cores with.
 */
export async function untilThreadsSleep(): Promise<void> {
  await setTimeout(10);
}
