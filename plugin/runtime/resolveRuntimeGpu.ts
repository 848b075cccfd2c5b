import { detectGpus } from "../machine/detectGpus.js";
import { findCudaToolkit } from "../machine/findCudaToolkit.js";
import { missingCudaParts } from "../machine/missingCudaParts.js";
import { describeRuntime } from "./describeRuntime.js";
import { isFinishedBuild } from "./isFinishedBuild.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

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
  if (await isFinishedBuild((await describeRuntime("cuda")).directory)) return "cuda";
  return missingCudaParts(await findCudaToolkit()).length === 0 ? "cuda" : false;
}
