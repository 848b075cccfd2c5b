import { expect, test } from "vitest";
import { runNativeTests } from "../../../../testing/runNativeTests.js";

test("factorization, GPTQ and regression agree with plain float64 loops", { timeout: 600_000 }, async () => {
  const { passed } = await runNativeTests("converter/native/gptq");
  expect(passed).toEqual(["mixllm-gptq"]);
});
