import { readFile } from "node:fs/promises";
import type { BuildStatus } from "./BuildStatus.js";

/** Reads a status; `undefined` when there is none or it cannot be understood. */
export async function readBuildStatus(file: string): Promise<BuildStatus | undefined> {
  try {
    const value = JSON.parse(await readFile(file, "utf8")) as Partial<BuildStatus> | null;
    const valid =
      (value?.state === "building" || value?.state === "failed" || value?.state === "finished") &&
      typeof value.key === "string" &&
      typeof value.pid === "number" &&
      typeof value.fraction === "number" &&
      typeof value.step === "string" &&
      typeof value.updatedAt === "string" &&
      typeof value.logFile === "string";
    return valid ? (value as BuildStatus) : undefined;
  } catch {
    return undefined;
  }
}
