import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";

/** Finished builds that stay beside the newest, for other projects on this machine that use other versions. */
const KEPT_BUILDS = 4;

/** Names of builds, finished or half-made; whatever else is in the folder is not ours to remove. */
const BUILD_NAME = /-[0-9a-f]{16}(\.\d+\.tmp)?$/;

/** A build this young may be about to be loaded by another process. */
const YOUNG_MS = 60 * 60 * 1000;

/**
 * Removes old builds: all but the few that were used last.
 *
 * @param directory the folder that holds one subfolder a build
 * @param used the build in use, which always stays
 */
export async function pruneBuilds(directory: string, used: string): Promise<void> {
  const builds: { path: string; usedAt: number }[] = [];
  for (const name of await readdir(directory)) {
    if (!BUILD_NAME.test(name)) continue;
    const build = path.join(directory, name);
    const stats = await stat(path.join(build, "buildDone.status"))
      .catch(() => stat(build))
      .catch(() => undefined);
    if (stats !== undefined && build !== used) builds.push({ path: build, usedAt: stats.mtimeMs });
  }
  builds.sort((a, b) => b.usedAt - a.usedAt);
  for (const build of builds.slice(KEPT_BUILDS))
    if (Date.now() - build.usedAt > YOUNG_MS)
      await rm(build.path, { recursive: true, force: true }).catch(() => undefined);
}
