import { formatBytes } from "../../common/cli/format.js";
import type { Gpu } from "../machine/Gpu.js";
import type { Finding } from "./Finding.js";

export function gpuFinding(gpus: readonly Gpu[]): Finding {
  if (gpus.length === 0)
    return {
      name: "NVIDIA GPU",
      status: "note",
      detail: "none that nvidia-smi reports; models run on the CPU"
    };
  const detail = gpus
    .map(
      (gpu) => `${gpu.name} (compute capability ${gpu.computeCapability}, ${formatBytes(gpu.memoryMiB * 1024 ** 2)})`
    )
    .join(", ");
  return { name: "NVIDIA GPU", status: "ok", detail: `${detail}, driver ${gpus[0]?.driverVersion}` };
}
