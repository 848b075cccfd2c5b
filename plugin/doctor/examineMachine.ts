import { detectGpus } from "../machine/gpus.js";
import { findPlatformPackage, type PlatformPackage } from "../prebuilt/platformPackage.js";
import { isFinishedBuild, type NativeBuild } from "../runtime/buildCache.js";
import { gpuName } from "../runtime/describeRuntime.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";
import { describeToolAddons } from "../runtime/toolAddons.js";
import { buildFinding, cacheFinding } from "./buildFindings.js";
import {
  buildToolFindings,
  cpuFinding,
  cudaToolkitFinding,
  type Finding,
  gpuFinding,
  nodeFinding,
  nodeLlamaCppFinding
} from "./machineFindings.js";

/** Looks at everything that building and running the MixLLM runtime and its tools depends on. Changes nothing. */
export async function examineMachine(): Promise<readonly Finding[]> {
  const gpus = await detectGpus();
  const hasGpu = gpus.length > 0;
  const versionFinding = nodeLlamaCppFinding();
  // Without node-llama-cpp, nothing can be said of what is built from it.
  const isVersionRight = versionFinding.status === "ok";
  const platformPackage = isVersionRight ? await findPlatformPackage() : undefined;
  // Where a platform package brings the runtime, apps need nothing to be built: only converting and measuring do.
  const needsBuild = hasGpu || platformPackage?.key === undefined;
  const forBuilding = (findings: Finding[]): Finding[] =>
    findings.map((finding) => (finding.status === "missing" && !needsBuild ? { ...finding, status: "note" } : finding));
  return [
    nodeFinding(),
    versionFinding,
    ...forBuilding(await buildToolFindings()),
    cpuFinding(),
    gpuFinding(gpus),
    await cudaToolkitFinding(hasGpu),
    ...forBuilding(
      isVersionRight
        ? await buildFindings(hasGpu ? [false, "cuda"] : [false], platformPackage)
        : [await cacheFinding(0)]
    )
  ];
}

/** What is built for each kind of runtime, and whether there is room for what is not. */
async function buildFindings(
  kinds: readonly RuntimeGpu[],
  platformPackage: PlatformPackage | undefined
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const unbuilt: NativeBuild[] = [];
  for (const gpu of kinds) {
    const tools = await describeToolAddons(gpu);
    const command = `mixllm build --gpu ${String(gpu)}`;
    findings.push(
      await buildFinding(
        `Runtime (${gpuName(gpu)})`,
        tools.runtime,
        command,
        gpu === false ? platformPackage : undefined
      ),
      await buildFinding(`Tools (${gpuName(gpu)})`, tools, `${command} --tools`)
    );
    for (const build of [tools.runtime, tools]) if (!(await isFinishedBuild(build))) unbuilt.push(build);
  }
  const needed = unbuilt.reduce((sum, build) => sum + build.neededBytes, 0);
  return [...findings, await cacheFinding(unbuilt.length === 0 ? undefined : needed)];
}
