import { rm } from "node:fs/promises";
import path from "node:path";
import { Progress } from "../../common/cli/Progress.js";
import { isSystemError } from "../../common/files/fileErrors.js";
import { CacheDirectoryError } from "../errors.js";
import { isFinishedBuild, type NativeBuild, pruneBuilds, useBuild } from "./buildCache.js";
import { readBuildStatus } from "./buildStatus.js";
import type { BuildOptions } from "./runBuild.js";
import { withBuildLock } from "./withBuildLock.js";

/** How one kind of native build is made. */
export interface BuildRecipe<B extends NativeBuild> {
  /** Says what belongs to the installed packages and this machine. */
  readonly describe: () => Promise<B>;
  /** Throws when this machine cannot build it. */
  readonly assertBuildable: (description: B) => Promise<void>;
  /** Builds and publishes it. */
  readonly build: (description: B, options: BuildOptions) => Promise<void>;
}

/** A build that is there. */
export interface FinishedBuild<B extends NativeBuild> {
  readonly description: B;
  /** Real path of its folder. */
  readonly directory: string;
}

/** The operating system's error codes of a cache that cannot be written, for which another folder is the remedy. */
const CACHE_FAILURES: readonly unknown[] = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR", "EEXIST"];

/** Calls of this process that are under way, so that a second one waits for the first instead of for its lock. */
const underway = new Map<unknown, Promise<unknown>>();

/**
 * Gives the build that belongs to the installed packages and this machine, making it when it is not there yet.
 *
 * @param options.force makes it anew, from scratch, even when it is there
 * @param options.quiet shows no progress on stderr
 * @throws {CacheDirectoryError} it has to be built and the cache cannot be written
 * @throws what the recipe throws
 */
export async function ensureBuild<B extends NativeBuild>(
  recipe: BuildRecipe<B>,
  options: { force?: boolean; quiet?: boolean }
): Promise<FinishedBuild<B>> {
  const earlier = underway.get(recipe) as Promise<FinishedBuild<B>> | undefined;
  if (earlier !== undefined && options.force !== true) return earlier;
  const current = ensure(recipe, options.force ?? false, options.quiet ?? false);
  underway.set(recipe, current);
  try {
    return await current;
  } finally {
    underway.delete(recipe);
  }
}

async function ensure<B extends NativeBuild>(
  recipe: BuildRecipe<B>,
  force: boolean,
  quiet: boolean
): Promise<FinishedBuild<B>> {
  const description = await recipe.describe();
  if (!force && (await isFinishedBuild(description)))
    return { description, directory: await useBuild(description.directory) };
  await recipe.assertBuildable(description);
  try {
    return await build(recipe, description, force, quiet);
  } catch (error) {
    // A file's own error has it as its cause, with a remedy that knows nothing of the cache.
    const reason = error instanceof Error && !isSystemError(error) ? error.cause : error;
    if (!isSystemError(reason) || !CACHE_FAILURES.includes(reason.code)) throw error;
    throw new CacheDirectoryError(description.title, description.workDirectory, reason);
  }
}

async function build<B extends NativeBuild>(
  recipe: BuildRecipe<B>,
  { title, workDirectory }: B,
  force: boolean,
  quiet: boolean
): Promise<FinishedBuild<B>> {
  const progress = new Progress(`Building ${title}`, { quiet });
  try {
    const finished = await withBuildLock(
      workDirectory,
      async (signal) => {
        progress.restart();
        // Sources may have changed, or the build been finished by another process, while this one waited.
        const description = await recipe.describe();
        if (force) await rm(description.directory, { recursive: true, force: true });
        if (!(await isFinishedBuild(description)))
          await recipe.build(description, {
            fromScratch: force,
            signal,
            onProgress: (fraction, step) => progress.update(fraction, step)
          });
        return { description, directory: await useBuild(description.directory) };
      },
      async () => {
        const status = await readBuildStatus(workDirectory);
        const done = status === undefined ? "" : `, ${Math.floor(100 * status.fraction)} % done`;
        progress.update(undefined, `another process (${status?.pid ?? "?"}) is building${done}; waiting`);
      }
    );
    progress.succeed();
    await pruneBuilds(path.dirname(finished.directory), finished.directory);
    return finished;
  } catch (error) {
    progress.fail();
    throw error;
  }
}
