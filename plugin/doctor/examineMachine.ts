import { detectGpus } from "../machine/detectGpus.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";
import { buildToolFindings } from "./buildToolFindings.js";
import { cacheFinding } from "./cacheFinding.js";
import { cpuFinding } from "./cpuFinding.js";
import { cudaToolkitFinding } from "./cudaToolkitFinding.js";
import type { Finding } from "./Finding.js";
import { gpuFinding } from "./gpuFinding.js";
import { nodeFinding } from "./nodeFinding.js";
import { nodeLlamaCppFinding } from "./nodeLlamaCppFinding.js";
import { runtimeFinding } from "./runtimeFinding.js";

/** Looks at everything that building and running the MixLLM runtime depends on. Changes nothing. */
export async function examineMachine(): Promise<readonly Finding[]> {
  const gpus = await detectGpus();
  const hasGpu = gpus.length > 0;
  const versionFinding = nodeLlamaCppFinding();
  const kinds: RuntimeGpu[] = hasGpu ? [false, "cuda"] : [false];
  // Without it, nothing can be said of them.
  const runtimes = versionFinding.status === "ok" ? await Promise.all(kinds.map(runtimeFinding)) : [];
  const unbuilt = kinds.filter((_, i) => runtimes[i]?.status !== "ok");
  return [
    nodeFinding(),
    versionFinding,
    ...(await buildToolFindings()),
    cpuFinding(),
    gpuFinding(gpus),
    await cudaToolkitFinding(hasGpu),
    ...runtimes,
    await cacheFinding(unbuilt)
  ];
}
