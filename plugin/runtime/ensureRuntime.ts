import { realpath, rm, utimes } from "node:fs/promises";
import path from "node:path";
import { describeFileError } from "../../common/files/fileErrors.js";
import { Progress } from "../../common/cli/Progress.js";
import { CacheDirectoryError } from "../errors.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";
import { assertBuildTools } from "./assertBuildTools.js";
import { buildRuntime } from "./buildRuntime.js";
import { describeRuntime, type RuntimeDescription } from "./describeRuntime.js";
import { isFinishedBuild, pruneBuilds } from "./buildCache.js";
import { readBuildStatus } from "./buildStatus.js";
import { withBuildLock } from "./withBuildLock.js";

/** A finished build of the runtime. */
export interface Runtime {
  /** Hash of everything it was made from. */
  readonly key: string;
  readonly gpu: RuntimeGpu;
  /** Real path of the folder that node-llama-cpp can use as a local build. */
  readonly directory: string;
  /** Real path of the folder with llama-addon.node, this package's own addons and the shared libraries. */
  readonly binaryDirectory: string;
}

/** The operating system's error codes of a cache that cannot be written, for which another folder is the remedy. */
const CACHE_FAILURES: readonly unknown[] = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR", "EEXIST"];

/** Calls of this process that are under way, so that a second one waits for the first instead of for its lock. */
const underway = new Map<RuntimeGpu, Promise<Runtime>>();

/**
 * Gives the runtime that belongs to the installed packages and this machine, building it when it is not there yet.
 *
 * @param options.force builds it anew, from scratch, even when it is there
 * @param options.quiet shows no progress on stderr
 * @throws {NodeLlamaCppVersionError} node-llama-cpp is missing or not the required release
 * @throws {MissingBuildToolsError} it has to be built and a tool for that is missing
 * @throws {CacheDirectoryError} it has to be built and the cache cannot be written
 * @throws {RuntimeBuildError} the build failed; names its log
 */
export async function ensureRuntime(options: { gpu: RuntimeGpu; force?: boolean; quiet?: boolean }): Promise<Runtime> {
  const earlier = underway.get(options.gpu);
  if (earlier !== undefined && options.force !== true) return earlier;
  const current = ensure(options.gpu, options.force ?? false, options.quiet ?? false);
  underway.set(options.gpu, current);
  try {
    return await current;
  } finally {
    underway.delete(options.gpu);
  }
}

async function ensure(gpu: RuntimeGpu, force: boolean, quiet: boolean): Promise<Runtime> {
  const description = await describeRuntime(gpu);
  if (force || !(await isFinishedBuild(description.directory))) {
    await assertBuildTools(gpu);
    try {
      return await build(description, force, quiet);
    } catch (error) {
      throw asCacheError(error, description.workDirectory);
    }
  }
  return asRuntime(description);
}

async function build(description: RuntimeDescription, force: boolean, quiet: boolean): Promise<Runtime> {
  const progress = new Progress(`Building the MixLLM runtime (${description.gpu === false ? "CPU" : "CUDA"})`, {
    quiet
  });
  const statusFile = path.join(description.workDirectory, "status.json");
  try {
    const runtime = await withBuildLock(
      description.workDirectory,
      async (signal) => {
        // Sources may have changed, or the build been finished by another process, while this one waited.
        const current = await describeRuntime(description.gpu);
        if (force) await rm(current.directory, { recursive: true, force: true });
        if (!(await isFinishedBuild(current.directory)))
          await buildRuntime(current, {
            fromScratch: force,
            signal,
            onProgress: (fraction, step) => progress.update(fraction, step)
          });
        return asRuntime(current);
      },
      async () => {
        const status = await readBuildStatus(statusFile);
        progress.update(status?.fraction ?? 0, `another process (${status?.pid ?? "?"}) is building, waiting`);
      }
    );
    progress.succeed();
    await pruneBuilds(path.dirname(runtime.directory), runtime.directory);
    return runtime;
  } catch (error) {
    progress.fail();
    throw error;
  }
}

async function asRuntime(description: RuntimeDescription): Promise<Runtime> {
  const directory = await realpath(description.directory);
  const now = new Date();
  // The time of last use decides which old builds are removed; a read-only cache is fine.
  await utimes(path.join(directory, "buildDone.status"), now, now).catch(() => undefined);
  return {
    key: description.key,
    gpu: description.gpu,
    directory,
    binaryDirectory: path.join(directory, "Release")
  };
}

function asCacheError(error: unknown, directory: string): unknown {
  return CACHE_FAILURES.includes((error as NodeJS.ErrnoException).code)
    ? new CacheDirectoryError(directory, describeFileError(error), error)
    : error;
}
