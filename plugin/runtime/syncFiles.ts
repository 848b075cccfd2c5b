import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { InputFile } from "./InputFile.js";

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
