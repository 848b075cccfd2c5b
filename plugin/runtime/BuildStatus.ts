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
