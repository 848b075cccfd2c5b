import path from "node:path";
import { expect, test } from "vitest";
import { describeRuntime } from "../../plugin/runtime/describeRuntime.js";
import { ensureRuntime } from "../../plugin/runtime/ensureRuntime.js";
import { runNativeTests } from "../../testing/runNativeTests.js";

/** Long enough for a first build of the runtime on two cores. */
const TIMEOUT_MS = 30 * 60_000;

test(
  "the patched libraries compute the op by its definition, on every device, and refuse broken files",
  { timeout: TIMEOUT_MS },
  async () => {
    const runtime = await ensureRuntime({ gpu: false });
    const { workDirectory } = await describeRuntime(false);
    const { passed } = await runNativeTests("patches/tests", {
      MIXLLM_LLAMA_CPP_DIR: path.join(workDirectory, "llama.cpp"),
      MIXLLM_RUNTIME_DIR: runtime.binaryDirectory
    });
    const everywhere = ["mul-mat-mixllm-test", "load-mixllm-test"];
    expect(passed).toEqual(process.platform === "linux" ? [...everywhere, "devices-mixllm-test"] : everywhere);
  }
);
