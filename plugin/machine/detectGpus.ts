import type { Gpu } from "./Gpu.js";
import { runProgram } from "../../common/processes.js";

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
