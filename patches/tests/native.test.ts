import { expect, test } from "vitest";
import { runNativeTests } from "../../testing/runNativeTests.js";
import { runtimeDefinitions } from "../../testing/runtimeDefinitions.js";

/** Long enough for a first build of the runtime on two cores. */
const TIMEOUT_MS = 30 * 60_000;

test(
  "the patched libraries compute the op by its definition, on every device, and refuse broken files",
  { timeout: TIMEOUT_MS },
  async () => {
    const { passed } = await runNativeTests("patches/tests", await runtimeDefinitions());
    const everywhere = ["mul-mat-mixllm-test", "mul-mat-mixllm-test-without-gpu", "load-mixllm-test"];
    expect(passed).toEqual(process.platform === "linux" ? [...everywhere, "devices-mixllm-test"] : everywhere);
  }
);
