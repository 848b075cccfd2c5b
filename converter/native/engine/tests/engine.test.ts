import { expect, test } from "vitest";
import { runNativeTests } from "../../../../testing/runNativeTests.js";
import { runtimeDefinitions } from "../../../../testing/runtimeDefinitions.js";

/** Long enough for a first build of the runtime on two cores. */
const TIMEOUT_MS = 30 * 60_000;

test(
  "products that are cut into pieces stay the same and can be canceled, and graphs do not overlap",
  { timeout: TIMEOUT_MS },
  async () => {
    const { passed } = await runNativeTests("converter/native/engine", await runtimeDefinitions());
    expect(passed).toEqual(["mixllm-engine"]);
  }
);
