import { access } from "node:fs/promises";
import path from "node:path";

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
