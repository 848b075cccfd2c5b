import { describeRuntime } from "../../plugin/runtime/describeRuntime.js";
import { packageVersion } from "../../common/package.js";
import type { Comparison } from "./Comparison.js";

/** Versions of all that takes part in a measurement; `runtime` changes with every source of the native build. */
export async function describeVersions(): Promise<Comparison["versions"]> {
  const { key, nodeLlamaCpp } = await describeRuntime(false);
  return {
    mixllm: packageVersion,
    nodeLlamaCpp: nodeLlamaCpp.version,
    llamaCpp: nodeLlamaCpp.llamaCppRelease,
    node: process.versions.node,
    runtime: key
  };
}
