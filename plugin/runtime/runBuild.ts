import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir, rm, statfs } from "node:fs/promises";
import path from "node:path";
import { finished } from "node:stream/promises";
import { CacheDirectoryError, RuntimeBuildError } from "../errors.js";
import type { NativeBuild } from "./buildCache.js";
import { summarizeBuildLog } from "./buildLog.js";
import { StatusWriter } from "./buildStatus.js";
import { CommandFailure } from "./runLogged.js";

/** How a build is to be run. */
export interface BuildOptions {
  /** Throws away what earlier builds left in the build folder. */
  readonly fromScratch: boolean;
  /** Aborts when the work folder's lock is lost. */
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number, step: string) => void;
}

/** What the steps of a build work with. */
export interface BuildContext {
  /** CMake's build folder. */
  readonly buildDirectory: string;
  readonly log: WriteStream;
  readonly logFile: string;
  readonly signal: AbortSignal;
  /** Tells how much of the build is done, 0 to 1, and what comes now. */
  readonly report: (fraction: number, step: string) => void;
}

/**
 * Runs a build's steps in its work folder, with a log, a status for others to see, and errors that say what failed. The caller
 * holds the work folder's lock.
 *
 * @throws {RuntimeBuildError} a step failed; names the log
 * @throws {CacheDirectoryError} not enough room
 */
export async function runBuild(
  build: NativeBuild,
  options: BuildOptions,
  steps: (context: BuildContext) => Promise<void>
): Promise<void> {
  const { workDirectory, title } = build;
  const { signal } = options;
  const buildDirectory = path.join(workDirectory, "build");
  const logFile = path.join(workDirectory, "build.log");
  if (options.fromScratch) await rm(buildDirectory, { recursive: true, force: true });
  await assertRoom(build);

  const log = createWriteStream(logFile);
  // Whatever keeps the log from being written stops the build itself, which then says so.
  log.on("error", () => undefined);
  const status = new StatusWriter(workDirectory, build.key, logFile);
  let currentStep = "";
  const report = (fraction: number, step: string) => {
    currentStep = step;
    options.onProgress(fraction, step);
    status.building(fraction, step);
  };
  try {
    await mkdir(path.dirname(build.directory), { recursive: true });
    await steps({ buildDirectory, log, logFile, signal, report });
    await status.end("finished", 1, "finished");
  } catch (error) {
    const failure = signal.aborted
      ? new RuntimeBuildError(`Building ${title} was interrupted: its lock was lost to another process`, {
          logFile,
          details: [],
          fix: "Try again; the work that is done is kept.",
          cause: signal.reason
        })
      : asBuildError(error, `Building ${title} failed while ${currentStep}`, logFile);
    await status.end("failed", 0, failure.message);
    throw failure;
  } finally {
    log.end();
    await finished(log).catch(() => undefined);
  }
}

function asBuildError(error: unknown, message: string, logFile: string): Error {
  if (error instanceof CommandFailure)
    return new RuntimeBuildError(message, { logFile, details: summarizeBuildLog(error.output), cause: error });
  return error instanceof Error ? error : new Error(String(error));
}

async function assertRoom({ title, workDirectory, neededBytes }: NativeBuild): Promise<void> {
  await mkdir(workDirectory, { recursive: true });
  const { bavail, bsize } = await statfs(workDirectory);
  if (bavail * bsize < neededBytes)
    throw new CacheDirectoryError(title, workDirectory, { needed: neededBytes, free: bavail * bsize });
}
