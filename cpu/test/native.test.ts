import { expect, test } from "vitest";

import { runNativeTests } from "../../testing/runNativeTests.js";

test(
  "every instruction set this machine can run computes the definition bit for bit",
  { timeout: 10 * 60_000 },
  async () => {
    const { passed, skipped } = await runNativeTests("cpu");
    if (skipped.length > 0) console.warn(`SKIPPED: this machine cannot run ${skipped.join(", ")}`);
    expect(passed).toContain("mixllm-cpu-portable");
  }
);
