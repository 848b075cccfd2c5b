import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { describeToolAddons } from "../../plugin/runtime/toolAddons.js";
import { packageVersion } from "../../common/package.js";
import type { Comparison } from "./Comparison.js";

/** The machine, as far as it decides speed. */
export function describeMachine(): Comparison["machine"] {
  return {
    cpu: cpus()[0]?.model ?? process.arch,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()} ${process.arch}`
  };
}

/**
 * Versions of all that takes part in a measurement.
 *
 * @returns `runtime` changes with every source of the runtime, `tools` with every source of what converts and measures, too
 */
export async function describeVersions(): Promise<{ versions: Comparison["versions"]; tools: string }> {
  const { key, runtime } = await describeToolAddons(false);
  const versions = {
    mixllm: packageVersion,
    nodeLlamaCpp: runtime.nodeLlamaCpp.version,
    llamaCpp: runtime.nodeLlamaCpp.llamaCppRelease,
    node: process.versions.node,
    runtime: runtime.key
  };
  return { versions, tools: key };
}
