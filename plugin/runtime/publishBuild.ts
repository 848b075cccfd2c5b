import { cp, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { flushFile } from "../../common/files/wholeFiles.js";

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
