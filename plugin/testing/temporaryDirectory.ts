import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** Makes a folder for the running test, removed when it ends. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "mixllm-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
