import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { InputFile } from "./InputFile.js";

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
