import type { WriteStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { buildKey, type InputFile, listInputFiles, syncFiles } from "./inputFiles.js";
import type { NodeLlamaCpp } from "./nodeLlamaCpp.js";
import { runLogged } from "./runLogged.js";

/** Parts of llama.cpp's repository that no build target reads; two thirds of its size. */
const UNUSED = new Set([".git", ".github", "docs", "media", "models"]);

/** Folders of the headers that addons on llama.cpp's libraries include. */
const HEADER_FOLDERS = ["include", "ggml/include", "ggml/src", "src"];

/** Settings of the user's own Git that would change the sources or run foreign code. */
const NEUTRAL_GIT = ["-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"];

/**
 * Brings a folder to the state of the patched llama.cpp sources; does nothing when it is already there.
 *
 * A fresh clone of the bundle is patched with node-llama-cpp's own patches and then with ours, each series in the order of its file
 * names, and its files are copied into place where they differ: an incremental build recompiles what a changed patch changed.
 *
 * @param options.patchFolders the series, in order
 * @param options.sourceKey identifies bundle and patches; written down last, so that an interrupted run starts over
 */
export async function preparePatchedSource(options: {
  directory: string;
  sourceBundle: string;
  patchFolders: readonly string[];
  sourceKey: string;
  log: WriteStream;
  signal: AbortSignal;
}): Promise<void> {
  const { directory, log, signal } = options;
  const marker = `${directory}.done`;
  if ((await readFile(marker, "utf8").catch(() => "")) === options.sourceKey) return;
  await rm(marker, { force: true });

  const clone = await mkdtemp(`${directory}.clone-`);
  const env = gitEnvironment();
  try {
    const git = (cwd: string, args: readonly string[]) =>
      runLogged(log, "git", [...NEUTRAL_GIT, ...args], { cwd, env, signal });
    await git(path.dirname(directory), ["clone", "--quiet", "--template=", options.sourceBundle, clone]);
    for (const folder of options.patchFolders)
      for (const patch of await patchesIn(folder)) await git(clone, ["apply", "--ignore-whitespace", patch]);
    const entries = (await readdir(clone)).filter((name) => !UNUSED.has(name));
    await syncFiles(await listInputFiles(clone, entries), directory);
    await writeFile(marker, options.sourceKey);
  } finally {
    await rm(clone, { recursive: true, force: true });
  }
}

/**
 * Identifies the patched sources: the release and the content of every patch, in order.
 *
 * @param ourPatches this package's own series
 */
export async function patchedSourceKey(release: NodeLlamaCpp, ourPatches: readonly InputFile[]): Promise<string> {
  const patches = [...(await listInputFiles(release.patchFolder, ["."])), ...ourPatches];
  return buildKey([release.version, release.llamaCppRelease], patches);
}

/** Headers of llama.cpp and ggml in a folder of its sources, without those of single backends. */
export function llamaCppHeaders(sourceDirectory: string): Promise<InputFile[]> {
  const isHeader = (file: string): boolean => HEADER_FOLDERS.includes(path.posix.dirname(file)) && file.endsWith(".h");
  return listInputFiles(sourceDirectory, HEADER_FOLDERS, (file) => HEADER_FOLDERS.includes(file) || isHeader(file));
}

async function patchesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /\.(patch|diff)$/.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}

/** Without the variables by which a surrounding Git (a hook, for example) points its children at its own repository. */
function gitEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  return { ...Object.fromEntries(inherited), LC_ALL: "C", GIT_CONFIG_NOSYSTEM: "1" };
}
