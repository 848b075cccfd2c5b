import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, readlink, realpath, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { RuntimeLinkError } from "../errors.js";
import { cacheDirectory } from "./buildCache.js";
import { nodeLlamaCpp, type NodeLlamaCpp } from "./nodeLlamaCpp.js";
import type { Runtime } from "./ensureRuntime.js";

/**
 * Makes a runtime known to node-llama-cpp: links the finished build's folder to where its `getLlama` looks for local builds when it is
 * called with `cmakeOptions: { MIXLLM: runtime.key }`. Nothing else in its package is touched.
 *
 * @param target the node-llama-cpp to make it known to
 * @throws {RuntimeLinkError} the folder cannot be written
 */
export async function linkIntoNodeLlamaCpp(runtime: Runtime, target: NodeLlamaCpp = nodeLlamaCpp()): Promise<void> {
  const { localBuildsDirectory, buildFolderName } = target;
  const link = path.join(localBuildsDirectory, await buildFolderName(runtime.gpu, { MIXLLM: runtime.key }));
  if ((await realpath(link).catch(() => undefined)) === runtime.directory) return;
  try {
    await mkdir(localBuildsDirectory, { recursive: true });
    await removeDanglingLinks(localBuildsDirectory);
    // Made under another name and moved into place: two processes may do this at the same time.
    const temporary = `${link}.${randomUUID()}.tmp`;
    await symlink(runtime.directory, temporary, "junction");
    if ((await lstat(link).catch(() => undefined))?.isDirectory() === true) await rm(link, { recursive: true });
    await rename(temporary, link);
  } catch (error) {
    throw new RuntimeLinkError(localBuildsDirectory, error);
  }
}

/** Removes links to builds of ours that have been pruned since. */
async function removeDanglingLinks(folder: string): Promise<void> {
  const cache = await realpath(cacheDirectory());
  for (const name of await readdir(folder)) {
    const link = path.join(folder, name);
    const target = await readlink(link).catch(() => undefined);
    if (target === undefined || !target.startsWith(cache + path.sep)) continue;
    if ((await realpath(link).catch(() => undefined)) === undefined) await rm(link, { force: true });
  }
}
