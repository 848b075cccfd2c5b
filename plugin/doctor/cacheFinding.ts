import { constants } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import { formatBytes } from "../../common/cli/format.js";
import { describeFileError, isSystemError } from "../../common/files/fileErrors.js";
import { freeDiskBytes } from "../../common/files/destination.js";
import { cacheDirectory } from "../runtime/cacheDirectory.js";
import { neededBytes } from "../runtime/neededBytes.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";
import type { Finding } from "./Finding.js";

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
