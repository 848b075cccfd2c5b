import { detectGpus } from "../plugin/machine/gpus.js";
import { findCudaToolkit, missingCudaParts } from "../plugin/machine/cudaToolkit.js";

/** What this machine lacks of what tests on CUDA need; said on stderr, so that a skipped test is seen. */
export async function missingForCuda(what: string): Promise<readonly string[]> {
  const missing = (await detectGpus()).length === 0 ? ["an NVIDIA GPU"] : missingCudaParts(await findCudaToolkit());
  if (missing.length > 0) console.warn(`SKIPPED: ${missing.join(" and ")} not found, so ${what}.`);
  return missing;
}
