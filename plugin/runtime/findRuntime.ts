import { warn } from "../../common/cli/runCommand.js";
import { MissingBuildToolsError, RuntimeNotBuiltError } from "../errors.js";
import { findPlatformPackage } from "../prebuilt/platformPackage.js";
import { binaryDirectory, cacheDirectory, isFinishedBuild } from "./buildCache.js";
import { describeRuntime } from "./describeRuntime.js";
import { ensureRuntime, type Runtime } from "./ensureRuntime.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

/**
 * Gives the runtime that an app computes with: the one that was built on this machine; else, for the CPU, the one in an installed
 * platform package; else one that is built now.
 *
 * @param options.build `"never"` builds none
 * @param options.quiet shows no progress on stderr
 * @throws {RuntimeNotBuiltError} it would have to be built, and may not be
 * @throws what `ensureRuntime` throws
 */
export async function findRuntime(options: {
  gpu: RuntimeGpu;
  build: "auto" | "never";
  quiet: boolean;
}): Promise<Runtime> {
  const { gpu, build, quiet } = options;
  if (await isFinishedBuild(await describeRuntime(gpu))) return ensureRuntime({ gpu, quiet });
  const prebuilt = gpu === false ? await findPlatformPackage() : undefined;
  if (prebuilt?.key !== undefined && prebuilt.directory !== undefined) {
    const { key, directory } = prebuilt;
    return { key, gpu, directory, binaryDirectory: binaryDirectory(directory) };
  }
  const misfit = prebuilt === undefined ? undefined : `${prebuilt.name} ${prebuilt.misfit ?? ""}`;
  if (build === "never") throw new RuntimeNotBuiltError(gpu, cacheDirectory(), misfit);
  if (prebuilt?.directory !== undefined && misfit !== undefined && !quiet)
    warn(`${misfit}; the runtime is built instead`);
  try {
    return await ensureRuntime({ gpu, quiet });
  } catch (error) {
    throw error instanceof MissingBuildToolsError && misfit !== undefined ? error.withMisfit(misfit) : error;
  }
}
