import { findCudaToolkit } from "../machine/findCudaToolkit.js";
import { installCommand } from "../machine/installCommand.js";
import { missingCudaParts } from "../machine/missingCudaParts.js";
import type { Finding } from "./Finding.js";

/** @param hasGpu without a GPU, a missing toolkit is nothing to mend */
export async function cudaToolkitFinding(hasGpu: boolean): Promise<Finding> {
  const name = "CUDA toolkit";
  const toolkit = await findCudaToolkit();
  const missing = missingCudaParts(toolkit);
  if (missing.length === 0) return { name, status: "ok", detail: `${toolkit.version ?? "?"}: ${toolkit.nvcc}` };
  const found = toolkit.nvcc === undefined ? "" : `${toolkit.nvcc} is there, but `;
  const command = await installCommand(["cuda"]);
  return {
    name,
    status: "note",
    detail: `${found}${missing.join(" and ")} not found${hasGpu ? "; models run on the CPU" : ""}`,
    ...(hasGpu
      ? {
          fix:
            "Install the whole toolkit from https://developer.nvidia.com/cuda-downloads" +
            (command === undefined ? "" : ` or run \`${command}\``)
        }
      : {})
  };
}
