import { constants } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import { formatBytes } from "../../common/cli/format.js";
import { freeDiskBytes } from "../../common/files/destination.js";
import { describeFileError, isDiskFull, isSystemError } from "../../common/files/fileErrors.js";
import { isProcessRunning } from "../../common/processes.js";
import { CacheDirectoryError } from "../errors.js";
import type { PlatformPackage } from "../prebuilt/platformPackage.js";
import { cacheDirectory, isFinishedBuild, type NativeBuild } from "../runtime/buildCache.js";
import { readBuildStatus } from "../runtime/buildStatus.js";
import type { Finding } from "./machineFindings.js";

/**
 * Whether something is built, or how far its build has come.
 *
 * @param name what it is, in two words
 * @param command what builds it
 * @param platformPackage what may serve in its place
 */
export async function buildFinding(
  name: string,
  build: NativeBuild,
  command: string,
  platformPackage?: PlatformPackage
): Promise<Finding> {
  if (await isFinishedBuild(build)) return { name, status: "ok", detail: `built: ${build.directory}` };
  if (platformPackage?.key !== undefined)
    return { name, status: "ok", detail: `in ${platformPackage.name}: ${platformPackage.directory ?? ""}` };
  const status = await readBuildStatus(build.workDirectory);
  if (status?.key === build.key && status.state === "failed")
    return {
      name,
      status: "missing",
      detail: `the last build failed; its log is ${status.logFile}`,
      fix: `Mend what the log complains about, then run \`${command}\``
    };
  if (status?.key === build.key && status.state === "building")
    return {
      name,
      status: "note",
      detail: isProcessRunning(status.pid)
        ? `process ${status.pid} is building it, ${Math.floor(100 * status.fraction)} % done`
        : `building it was interrupted at ${Math.floor(100 * status.fraction)} %`,
      fix: `Run \`${command}\`; it goes on from there`
    };
  const misfit = platformPackage === undefined ? "" : `, as ${platformPackage.name} ${platformPackage.misfit ?? ""}`;
  return {
    name,
    status: "note",
    detail: `not built yet; that happens on first use and takes minutes${misfit}`,
    fix: `Run \`${command}\` to do it now`
  };
}

/**
 * Whether there is a place to build in.
 *
 * @param neededBytes what is still to be built there takes; `undefined` when nothing is
 */
export async function cacheFinding(neededBytes: number | undefined): Promise<Finding> {
  const name = "Disk";
  const directory = cacheDirectory();
  const failure = await whyNotWritable(directory);
  if (failure !== undefined) {
    return {
      name,
      status: neededBytes === undefined ? "note" : "missing",
      detail: `cannot write in ${directory}: ${describeFileError(failure)}`,
      fix: CacheDirectoryError.fix(isDiskFull(failure))
    };
  }
  const free = await freeDiskBytes(directory);
  const detail = `${formatBytes(free)} free in ${directory}`;
  if (free >= (neededBytes ?? 0)) return { name, status: "ok", detail };
  return {
    name,
    status: "note",
    detail: `${detail}; building takes up to ${formatBytes(neededBytes ?? 0)}`,
    fix: CacheDirectoryError.fix(true)
  };
}

/** Looks at the folder, or else at the one that it will be made in. */
async function whyNotWritable(directory: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    // The separator tells a folder from a file of its name.
    await access(directory + path.sep, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const isMissing = error.code === "ENOENT" && path.dirname(directory) !== directory;
    return isMissing ? whyNotWritable(path.dirname(directory)) : error;
  }
}
