import { readFile } from "node:fs/promises";
import { writeWholeFile } from "../../common/files/wholeFiles.js";

/** Where a build stands, for whoever waits for it and for `mixllm doctor`. */
export interface BuildStatus {
  readonly state: "building" | "failed" | "finished";
  /** Key of the runtime that is or was being built. */
  readonly key: string;
  /** Process that builds or built. */
  readonly pid: number;
  /** How much is done, 0 to 1. */
  readonly fraction: number;
  /** What it is doing, in words. */
  readonly step: string;
  /** When this was written, as ISO 8601. */
  readonly updatedAt: string;
  readonly logFile: string;
}

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

/**
 * Replaces the status in one step.
 *
 * @throws {MixLlmError} it cannot be written
 */
export async function writeBuildStatus(file: string, status: BuildStatus): Promise<void> {
  await writeWholeFile(file, JSON.stringify(status));
}
