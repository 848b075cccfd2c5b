import { readdir, readFile, stat, mkdir, rm, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { RuntimeGpu } from "./RuntimeGpu.js";

/** One file that the native build reads, by content. */
export interface InputFile {
  /** Path relative to the folder it comes from, with `/` between the parts. */
  readonly path: string;
  read(): Promise<Buffer>;
}

/** Everything of this package that a native build may read. What is not listed here does not exist for the build. */
const ENTRIES = ["CMakeLists.txt", "patches", "cpu", "converter/native", "bench/native"];
const CUDA_ENTRIES = [...ENTRIES, "cuda"];

/** Tests, benchmarks of single parts and tools, documentation and hidden files. */
const NOT_BUILT = /\/(tests?|bench|tools|emulation|interpreter|lab)(\/|$)|\.test\.[^/]+$|\.md$|(^|\/)\./;

/** Lists the files of this package that go into a native build; the CUDA kernels only into one for CUDA. */
export function packageInputFiles(root: string, gpu: RuntimeGpu): Promise<InputFile[]> {
  return listInputFiles(root, gpu === "cuda" ? CUDA_ENTRIES : ENTRIES, (path) => !NOT_BUILT.test(path));
}

/**
 * Lists every regular file below some entries of a folder, sorted by path so that the order never depends on the file system.
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
  const files: InputFile[] = [];

  async function visit(relativePath: string): Promise<void> {
    if (!accepts(relativePath)) return;
    const absolutePath = path.join(root, relativePath);
    const stats = await stat(absolutePath).catch(() => undefined);
    if (stats?.isFile() === true) files.push({ path: relativePath, read: () => readFile(absolutePath) });
    else if (stats?.isDirectory() === true)
      for (const name of await readdir(absolutePath)) await visit(`${relativePath}/${name}`);
  }

  for (const entry of entries) await visit(entry);
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/**
 * Makes a folder hold exactly the given files, writing only those whose content differs.
 *
 * Unchanged files keep their modification time and changed ones get a new one, whatever the times at their origin: an
 * incremental build on the folder recompiles all that changed and nothing else. Interrupted, it can simply run again.
 *
 * @param keep names directly in `target` that are left alone although no file asks for them
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
