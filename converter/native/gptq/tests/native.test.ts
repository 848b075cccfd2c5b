import { expect, test } from "vitest";
import { runNativeTests } from "../../../../testing/runNativeTests.js";

test("factorization, GPTQ and regression agree with plain float64 loops", { timeout: 600_000 }, async () => {
  const { passed } = await runNativeTests("converter/native/method");
  expect(passed).toEqual(["mixllm-method"]);
});
