import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeRuntime } from "../../plugin/runtime/describeRuntime.js";
import { packageRoot } from "../../plugin/runtime/packageRoot.js";
import type { Comparison } from "./Comparison.js";

/** Versions of all that takes part in a measurement; `runtime` changes with every source of the native build. */
export async function describeVersions(): Promise<Comparison["versions"]> {
  const { version } = JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")) as { version: string };
  const { key, nodeLlamaCpp } = await describeRuntime(false);
  return {
    mixllm: version,
    nodeLlamaCpp: nodeLlamaCpp.version,
    llamaCpp: nodeLlamaCpp.llamaCppRelease,
    node: process.versions.node,
    runtime: key
  };
}
