import path from "node:path";
import { access, cp, mkdir, readdir, rename, rm, writeFile, stat } from "node:fs/promises";
import envPaths from "env-paths";
import { flushFile } from "../../common/files/wholeFiles.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

/**
 * Where runtimes are built and kept: `MIXLLM_CACHE_DIR`, or the operating system's cache folder for `mixllm`
 * (`~/.cache/mixllm` on Linux).
 */
export function cacheDirectory(): string {
  const override = process.env["MIXLLM_CACHE_DIR"];
  return override === undefined || override === "" ? envPaths("mixllm", { suffix: "" }).cache : path.resolve(override);
}

/** Room that the unpacked sources, the objects and the result take at most, with a margin; CUDA objects are far larger. */
export function neededBytes(gpu: RuntimeGpu): number {
  return gpu === false ? 6e8 : 6e9;
}

/** Tells whether a build folder holds a finished build: its done marker, which is written last, and the addon. */
export async function isFinishedBuild(directory: string): Promise<boolean> {
  try {
    await access(path.join(directory, "buildDone.status"));
    await access(path.join(directory, "Release", "llama-addon.node"));
    return true;
  } catch {
    return false;
  }
}

/** What of the build's output is used at run time: addons and shared libraries. */
const RUNTIME_FILE = /\.(node|so|dylib|dll|metal)$/;

/**
 * Copies a compiled runtime to its final folder, in the layout of node-llama-cpp's local builds.
 *
 * The folder is filled under another name and renamed when whole and on the disk, so that it never exists half-made.
 *
 * @param options.directory the final folder; what was there is replaced
 * @param options.metadata name and content of the file that node-llama-cpp wants beside the addon
 */
export async function publishBuild(options: {
  compiledDirectory: string;
  directory: string;
  metadata: { fileName: string; content: string };
}): Promise<void> {
  const { directory, metadata } = options;
  const temporary = `${directory}.${process.pid}.tmp`;
  const release = path.join(temporary, "Release");
  await rm(temporary, { recursive: true, force: true });
  await mkdir(release, { recursive: true });
  for (const name of await readdir(options.compiledDirectory)) {
    if (!RUNTIME_FILE.test(name)) continue;
    await cp(path.join(options.compiledDirectory, name), path.join(release, name));
    await flushFile(path.join(release, name));
  }
  await writeFile(path.join(release, metadata.fileName), metadata.content);
  await writeFile(path.join(temporary, "buildDone.status"), "");
  await rm(directory, { recursive: true, force: true });
  await rename(temporary, directory);
}

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
