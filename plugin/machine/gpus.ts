import { runProgram } from "../../common/processes.js";

/** An NVIDIA GPU as its driver reports it. */
export interface Gpu {
  readonly name: string;
  /** Such as `9.0`. */
  readonly computeCapability: string;
  readonly memoryMiB: number;
  readonly driverVersion: string;
}

/** Asks NVIDIA's driver for the GPUs of this machine; none when there is no driver. */
export async function detectGpus(): Promise<readonly Gpu[]> {
  const output = await runProgram("nvidia-smi", [
    "--query-gpu=name,compute_cap,memory.total,driver_version",
    "--format=csv,noheader,nounits"
  ]);
  const gpus: Gpu[] = [];
  for (const line of (output ?? "").split("\n")) {
    const [name, computeCapability, memory, driverVersion] = line.split(",").map((field) => field.trim());
    if (name === undefined || computeCapability === undefined || !/^\d+\.\d+$/.test(computeCapability)) continue;
    gpus.push({ name, computeCapability, memoryMiB: Number(memory), driverVersion: driverVersion ?? "" });
  }
  return gpus;
}

/** Compute capabilities of this machine's GPUs, sorted, each once. */
export async function gpuArchitectures(): Promise<readonly string[]> {
  return [...new Set((await detectGpus()).map((gpu) => gpu.computeCapability))].sort();
}
