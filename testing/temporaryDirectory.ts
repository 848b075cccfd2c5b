import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, onTestFinished, TestRunner } from "vitest";

/**
 * A folder of the running test's own, removed when it ends; called outside a test, one for all tests of the file (or
 * `describe`), there from the first one on and removed after the last.
 */
export function temporaryDirectory(): string {
  const directory = path.join(os.tmpdir(), `mixllm-test-${randomUUID()}`);
  const make = (): void => void mkdirSync(directory);
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  if (TestRunner.getCurrentTest() === undefined) {
    beforeAll(make);
    afterAll(remove);
  } else {
    make();
    onTestFinished(remove);
  }
  return directory;
}
