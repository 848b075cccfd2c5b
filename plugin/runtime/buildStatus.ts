import { readFile } from "node:fs/promises";
import path from "node:path";
import { writeWholeFile } from "../../common/files/wholeFiles.js";

/** Where a build stands, for whoever waits for it and for `mixllm doctor`. */
export interface BuildStatus {
  readonly state: "building" | "failed" | "finished";
  /** Key of what is or was being built. */
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

const INTERVAL_MS = 1000;

const statusFile = (workDirectory: string): string => path.join(workDirectory, "status.json");

/** Reads the status in a work folder; `undefined` when there is none or it cannot be understood. */
export async function readBuildStatus(workDirectory: string): Promise<BuildStatus | undefined> {
  try {
    const value = JSON.parse(await readFile(statusFile(workDirectory), "utf8")) as Partial<BuildStatus> | null;
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
 * Replaces the status in a work folder in one step.
 *
 * @throws {MixLlmError} it cannot be written
 */
export async function writeBuildStatus(workDirectory: string, status: BuildStatus): Promise<void> {
  await writeWholeFile(statusFile(workDirectory), JSON.stringify(status));
}

/**
 * Keeps the status of this process's build, written at most once a second, one write after the other. A status that cannot be
 * written is no reason to stop building.
 */
export class StatusWriter {
  readonly #workDirectory: string;
  readonly #key: string;
  readonly #logFile: string;
  #pending: Promise<void> = Promise.resolve();
  #writtenAt = 0;

  constructor(workDirectory: string, key: string, logFile: string) {
    this.#workDirectory = workDirectory;
    this.#key = key;
    this.#logFile = logFile;
  }

  building(fraction: number, step: string): void {
    if (Date.now() - this.#writtenAt < INTERVAL_MS) return;
    this.#writtenAt = Date.now();
    void this.#write("building", fraction, step);
  }

  end(state: "finished" | "failed", fraction: number, step: string): Promise<void> {
    return this.#write(state, fraction, step);
  }

  #write(state: BuildStatus["state"], fraction: number, step: string): Promise<void> {
    this.#pending = this.#pending.then(() =>
      writeBuildStatus(this.#workDirectory, {
        state,
        key: this.#key,
        pid: process.pid,
        fraction,
        step,
        updatedAt: new Date().toISOString(),
        logFile: this.#logFile
      }).catch(() => undefined)
    );
    return this.#pending;
  }
}
