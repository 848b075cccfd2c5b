import { detectGpus } from "./detectGpus.js";

/** Compute capabilities of this machine's GPUs, sorted, each once. */
export async function gpuArchitectures(): Promise<readonly string[]> {
  return [...new Set((await detectGpus()).map((gpu) => gpu.computeCapability))].sort();
}
