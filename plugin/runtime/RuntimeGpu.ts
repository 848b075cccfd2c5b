import { detectGpus } from "../machine/gpus.js";
import { findCudaToolkit, missingCudaParts } from "../machine/cudaToolkit.js";
import { describeRuntime } from "./describeRuntime.js";
import { isFinishedBuild } from "./buildCache.js";

/** What a runtime computes on besides the CPU: an NVIDIA GPU, or nothing. */
export type RuntimeGpu = "cuda" | false;

/** The least compute capability that there are CUDA kernels for, as in cuda/architectures.cmake. */
const LEAST_COMPUTE_CAPABILITY = 7.5;

/**
 * Decides which runtime `gpu: "auto"` stands for: CUDA when this machine has an NVIDIA GPU that the kernels run on and either
 * a finished CUDA build or the whole toolkit to make one (nvcc and cuBLAS), the CPU otherwise.
 */
export async function resolveRuntimeGpu(requested: RuntimeGpu | "auto"): Promise<RuntimeGpu> {
  if (requested !== "auto") return requested;
  const gpus = await detectGpus();
  if (process.platform === "darwin" || !gpus.some((gpu) => Number(gpu.computeCapability) >= LEAST_COMPUTE_CAPABILITY))
    return false;
  if (await isFinishedBuild(await describeRuntime("cuda"))) return "cuda";
  return missingCudaParts(await findCudaToolkit()).length === 0 ? "cuda" : false;
}
