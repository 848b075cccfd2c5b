import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";

/** One file that a native build reads, by content. */
export interface InputFile {
  /** Path relative to the folder it comes from, with `/` between the parts. */
  readonly path: string;
  read(): Promise<Buffer>;
}

/** What every native build of this package may read. What is not listed does not exist for the build. */
const COMMON_ENTRIES = ["common/native/addon.cmake", "common/native/mingw", "common/format", "cpu"];
const RUNTIME_ENTRIES = ["CMakeLists.txt", "patches", "plugin/rpc/native", ...COMMON_ENTRIES];
const TOOLS_ENTRIES = ["common/native", "converter/native", "bench/native", ...COMMON_ENTRIES];

/** Tests, benchmarks of single parts and tools, documentation, TypeScript and hidden files. */
const NOT_BUILT = /\/(tests?|bench|fuzz|tools|emulation|interpreter|lab)(\/|$)|\.test\.[^/]+$|\.(md|ts|json)$|(^|\/)\./;

/** Folder of the changes to llama.cpp that have nothing to do with MixLLM, below that of those that have. */
export const UPSTREAM_PATCHES = "patches/upstream";

/**
 * Lists the files of this package that go into a runtime: the CUDA kernels only into one for CUDA, the patches that have
 * nothing to do with MixLLM not where the environment variable MIXLLM_UPSTREAM_PATCHES is 0.
 */
export function runtimeInputFiles(root: string, gpu: "cuda" | false): Promise<InputFile[]> {
  const left = process.env["MIXLLM_UPSTREAM_PATCHES"] === "0" ? UPSTREAM_PATCHES : undefined;
  const entries = gpu === "cuda" ? [...RUNTIME_ENTRIES, "cuda"] : RUNTIME_ENTRIES;
  return listInputFiles(root, entries, (path) => isBuilt(path) && path !== left);
}

/** Lists the files of this package that go into the tools' addons. */
export function toolsInputFiles(root: string): Promise<InputFile[]> {
  return listInputFiles(root, TOOLS_ENTRIES, isBuilt);
}

function isBuilt(relativePath: string): boolean {
  return !NOT_BUILT.test(relativePath);
}

/**
 * Lists every regular file below some entries of a folder, each once and sorted by path so that the order never depends on the file
 * system.
 *
 * @param root folder that the entries and the resulting paths are relative to
 * @param entries files and folders in `root`; those that do not exist are left out
 * @param accepts tells by relative path which files and folders to take; all when left out
 */
export async function listInputFiles(
  root: string,
  entries: readonly string[],
  accepts: (relativePath: string) => boolean = () => true
): Promise<InputFile[]> {
  const files = new Map<string, InputFile>();

  async function visit(relativePath: string): Promise<void> {
    if (!accepts(relativePath)) return;
    const absolutePath = path.join(root, relativePath);
    const stats = await stat(absolutePath).catch(() => undefined);
    if (stats?.isFile() === true) files.set(relativePath, { path: relativePath, read: () => readFile(absolutePath) });
    else if (stats?.isDirectory() === true)
      for (const name of await readdir(absolutePath)) await visit(`${relativePath}/${name}`);
  }

  for (const entry of entries) await visit(entry);
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** Raise when the way a build is made changes while its inputs stay the same. */
const BUILD_RECIPE = 1;

/**
 * Hash of all that decides what a build contains: equal inputs may share a build, different ones never do.
 *
 * @param settings whatever else than files decides it, as JSON can hold it
 * @param files each read in full; the folder they come from does not matter, their relative path does
 * @returns 16 lower-case hexadecimal digits
 */
export async function buildKey(settings: unknown, files: readonly InputFile[]): Promise<string> {
  const sha256 = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex");
  const hashes: [path: string, sha256: string][] = [];
  for (const file of files) hashes.push([file.path, sha256(await file.read())]);
  return sha256(JSON.stringify([BUILD_RECIPE, settings, hashes])).slice(0, 16);
}

/**
 * Makes a folder hold exactly the given files, writing only those whose content differs.
 *
 * Unchanged files keep their modification time and changed ones get a new one, whatever the times at their origin: an
 * incremental build on the folder recompiles all that changed and nothing else. Interrupted, it can simply run again.
 *
 * @param keep paths in `target` that are left alone although no file asks for them
 */
export async function syncFiles(
  files: readonly InputFile[],
  target: string,
  keep: readonly string[] = []
): Promise<void> {
  await removeAllBut(target, "", new Set(files.map((file) => file.path)), new Set(keep));
  for (const file of files) {
    const destination = path.join(target, file.path);
    const content = await file.read();
    const existing = await readFile(destination).catch(() => undefined);
    if (existing !== undefined && existing.equals(content)) continue;
    await mkdir(path.dirname(destination), { recursive: true });
    await writeFile(destination, content);
  }
}

async function removeAllBut(target: string, folder: string, files: Set<string>, keep: Set<string>): Promise<void> {
  const entries = await readdir(path.join(target, folder), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const relativePath = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (keep.has(relativePath) || (entry.isFile() && files.has(relativePath))) continue;
    if (entry.isDirectory()) {
      await removeAllBut(target, relativePath, files, keep);
      // Fails, as it should, when something in it stays.
      await rmdir(path.join(target, relativePath)).catch(() => undefined);
    } else await rm(path.join(target, relativePath), { force: true });
  }
}
