import { expect, test } from "vitest";
import { runNativeTests } from "../../testing/runNativeTests.js";
import { runtimeDefinitions } from "../../testing/runtimeDefinitions.js";

/** Long enough for a first build of the runtime on two cores. */
const TIMEOUT_MS = 30 * 60_000;

test(
  "the patched libraries compute the op by its definition, on every device, and refuse broken files",
  { timeout: TIMEOUT_MS },
  async () => {
    const { passed, skipped } = await runNativeTests("patches/tests", await runtimeDefinitions());
    const everywhere = ["mul-mat-mixllm-test", "mul-mat-mixllm-test-without-gpu", "load-mixllm-test"];
    const onLinux = ["devices-mixllm-test", "cuda-mixllm-test"];
    if (skipped.length > 0)
      console.warn("SKIPPED: there is no nvcc 13 here, so the CUDA backend did not compute the op");
    expect(skipped).toEqual(passed.includes("cuda-mixllm-test") ? [] : onLinux.slice(1));
    expect([...passed, ...skipped]).toEqual(process.platform === "linux" ? [...everywhere, ...onLinux] : everywhere);
  }
);
