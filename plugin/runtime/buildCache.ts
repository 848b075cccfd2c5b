import { access, cp, mkdir, readdir, realpath, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import envPaths from "env-paths";
import { flushFile } from "../../common/files/wholeFiles.js";
import { type InputFile, syncFiles } from "./inputFiles.js";

/** A native build that can exist: what it is called, and where it is and will be. */
export interface NativeBuild {
  /** In words, to go on after "building": `the MixLLM runtime (CPU)`. */
  readonly title: string;
  /** Hash of everything it is made of. */
  readonly key: string;
  /** Folder of the finished build, whether it exists or not. */
  readonly directory: string;
  /** Names of the addons that it consists of, among others. */
  readonly addons: readonly string[];
  /** Folder in which it is built; shared with earlier builds for the same kind of machine, so that building is incremental. */
  readonly workDirectory: string;
  /** Room that unpacked sources, objects and the result take at most, with a margin. */
  readonly neededBytes: number;
}

/** Finished builds that stay beside the newest, for other projects on this machine that use other versions. */
const KEPT_BUILDS = 4;

/** Names of builds, finished or half-made; whatever else is in the folder is not ours to remove. */
const BUILD_NAME = /-[0-9a-f]{16}(\.\d+\.tmp)?$/;

/** A build this young may be about to be loaded by another process. */
const YOUNG_MS = 60 * 60 * 1000;

/** What of a build's output is used at run time or linked to: addons, shared libraries and, on Windows, their import libraries. */
const PRODUCT = /\.(node|so|dylib|dll|dll\.a|lib|metal)$/;

/** Written last. */
const DONE = "buildDone.status";

/**
 * Where builds are made and kept: `MIXLLM_CACHE_DIR`, or the operating system's cache folder for `mixllm`
 * (`~/.cache/mixllm` on Linux).
 */
export function cacheDirectory(): string {
  const override = process.env["MIXLLM_CACHE_DIR"];
  return override === undefined || override === "" ? envPaths("mixllm", { suffix: "" }).cache : path.resolve(override);
}

/** Folder with the libraries and addons of a build. */
export function binaryDirectory(directory: string): string {
  return path.join(directory, "Release");
}

/** Tells whether a build is there: its done marker and its addons. */
export async function isFinishedBuild({
  directory,
  addons
}: Pick<NativeBuild, "directory" | "addons">): Promise<boolean> {
  try {
    await access(path.join(directory, DONE));
    for (const addon of addons) await access(path.join(binaryDirectory(directory), `${addon}.node`));
    return true;
  } catch {
    return false;
  }
}

/**
 * Notes that a finished build is used now, which decides how long it is kept; a read-only cache is fine.
 *
 * @returns real path of its folder
 */
export async function useBuild(directory: string): Promise<string> {
  const real = await realpath(directory);
  const now = new Date();
  await utimes(path.join(real, DONE), now, now).catch(() => undefined);
  return real;
}

/**
 * Copies a compiled build to its final folder.
 *
 * The folder is filled under another name and renamed when whole and on the disk, so that it never exists half-made.
 *
 * @param options.directory the final folder; what was there is replaced
 * @param options.headers C and C++ headers for those who build on the libraries, which come to lie in `llama.cpp`
 */
export async function publishBuild(options: {
  compiledDirectory: string;
  directory: string;
  headers?: readonly InputFile[];
}): Promise<void> {
  const { directory, headers = [] } = options;
  const temporary = `${directory}.${process.pid}.tmp`;
  const release = binaryDirectory(temporary);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(release, { recursive: true });
  for (const name of await readdir(options.compiledDirectory)) {
    if (!PRODUCT.test(name)) continue;
    await cp(path.join(options.compiledDirectory, name), path.join(release, name));
    await flushFile(path.join(release, name));
  }
  if (headers.length > 0) await syncFiles(headers, headerDirectory(temporary));
  await writeFile(path.join(temporary, DONE), "");
  await rm(directory, { recursive: true, force: true });
  await rename(temporary, directory);
}

/** Folder with the headers of the llama.cpp that a build is made of, laid out as in its sources. */
export function headerDirectory(directory: string): string {
  return path.join(directory, "llama.cpp");
}

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
    const stats = await stat(path.join(build, DONE))
      .catch(() => stat(build))
      .catch(() => undefined);
    if (stats !== undefined && build !== used) builds.push({ path: build, usedAt: stats.mtimeMs });
  }
  builds.sort((a, b) => b.usedAt - a.usedAt);
  for (const build of builds.slice(KEPT_BUILDS))
    if (Date.now() - build.usedAt > YOUNG_MS)
      await rm(build.path, { recursive: true, force: true }).catch(() => undefined);
}
