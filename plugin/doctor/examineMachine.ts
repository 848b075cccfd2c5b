import { detectGpus } from "../machine/gpus.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";
import {
  buildToolFindings,
  cpuFinding,
  cudaToolkitFinding,
  type Finding,
  gpuFinding,
  nodeFinding,
  nodeLlamaCppFinding
} from "./machineFindings.js";
import { cacheFinding, runtimeFinding } from "./buildFindings.js";

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
