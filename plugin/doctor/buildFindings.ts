import path from "node:path";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isProcessRunning } from "../../common/processes.js";
import { describeRuntime } from "../runtime/describeRuntime.js";
import { isFinishedBuild, cacheDirectory, neededBytes } from "../runtime/buildCache.js";
import { readBuildStatus } from "../runtime/buildStatus.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";
import { formatBytes } from "../../common/cli/format.js";
import { describeFileError, isSystemError } from "../../common/files/fileErrors.js";
import { freeDiskBytes } from "../../common/files/destination.js";
import type { Finding } from "./machineFindings.js";

/** Whether the runtime of a kind is built, or how far its build has come. */
export async function runtimeFinding(gpu: RuntimeGpu): Promise<Finding> {
  const name = `Runtime (${gpu === false ? "CPU" : "CUDA"})`;
  const { directory, workDirectory, key } = await describeRuntime(gpu);
  if (await isFinishedBuild(directory)) return { name, status: "ok", detail: `built: ${directory}` };
  const command = `mixllm build --gpu ${String(gpu)}`;
  const status = await readBuildStatus(path.join(workDirectory, "status.json"));
  if (status?.key === key && status.state === "failed")
    return {
      name,
      status: "missing",
      detail: `the last build failed; its log is ${status.logFile}`,
      fix: `Mend what the log complains about, then run \`${command}\``
    };
  if (status?.key === key && status.state === "building")
    return {
      name,
      status: "note",
      detail: isProcessRunning(status.pid)
        ? `process ${status.pid} is building it, ${Math.floor(100 * status.fraction)} % done`
        : `building it was interrupted at ${Math.floor(100 * status.fraction)} %`,
      fix: `Run \`${command}\`; it goes on from there`
    };
  return {
    name,
    status: "note",
    detail: "not built yet; that happens on first use and takes minutes",
    fix: `Run \`${command}\` to do it now`
  };
}

/** @param unbuilt the runtimes that are still to be built there */
export async function cacheFinding(unbuilt: readonly RuntimeGpu[]): Promise<Finding> {
  const name = "Disk";
  const directory = cacheDirectory();
  const failure = await whyNotWritable(directory);
  if (failure !== undefined) {
    return {
      name,
      status: unbuilt.length > 0 ? "missing" : "note",
      detail: `cannot write in ${directory}: ${failure}`,
      fix: "Set MIXLLM_CACHE_DIR to a folder that you may write to"
    };
  }
  const free = await freeDiskBytes(directory);
  const detail = `${formatBytes(free)} free in ${directory}`;
  const needed = unbuilt.reduce((sum, gpu) => sum + neededBytes(gpu), 0);
  if (free >= needed) return { name, status: "ok", detail };
  return {
    name,
    status: "note",
    detail: `${detail}; building takes up to ${formatBytes(needed)}`,
    fix: "Free some room or set MIXLLM_CACHE_DIR to a folder on another disk"
  };
}

/** Looks at the folder, or else at the one that it will be made in. */
async function whyNotWritable(directory: string): Promise<string | undefined> {
  try {
    // The separator tells a folder from a file of its name.
    await access(directory + path.sep, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const isMissing = error.code === "ENOENT" && path.dirname(directory) !== directory;
    return isMissing ? whyNotWritable(path.dirname(directory)) : describeFileError(error);
  }
}
