import { rename, writeFile } from "node:fs/promises";
import type { BuildStatus } from "./BuildStatus.js";

/** Replaces the status in one step, so that a crash at any moment leaves the old or the new one, never half of it. */
export async function writeBuildStatus(file: string, status: BuildStatus): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, JSON.stringify(status));
  await rename(temporary, file);
}
