import { expect, test } from "vitest";
import { sampleComparison } from "../testing/sampleComparison.js";
import { verdict } from "./verdict.js";

test("says who stays closer, who is on the Pareto front, and how speeds compare", () => {
  expect(verdict(sampleComparison())).toEqual([
    "Against llama.cpp's types of the same file size, MixLLM p0 and MixLLM p20 stay closer to the original: the KL " +
      "divergence is 0.75 to 0.95 times theirs (interpolated between neighbours in size).",
    "No other contender is both smaller and closer to the original than IQ4_XS, MixLLM p0, Q5_K_M, MixLLM p20 or Q8_0: " +
      "these are the Pareto front. Q4_K_M and Q4_0 are beaten on both counts.",
    "MixLLM reaches 1.29 to 2.84 times the tokens per second in pp512 and 0.98 to 1.03 times the tokens per second in " +
      "tg64, compared with the stock type nearest in size to each."
  ]);
});

test("says as plainly where MixLLM loses", () => {
  const comparison = sampleComparison();
  for (const model of comparison.models.filter(({ family }) => family === "mixllm")) {
    const { kld } = model.quality.comparison!;
    model.quality.comparison!.kld = { ...kld, mean: 10 * kld.mean };
  }
  const [first, second] = verdict(comparison);
  expect(first).toMatch(
    /MixLLM p0 and MixLLM p20 stray further from the original: the KL divergence is 7\.55 to 9\.49 times theirs/
  );
  expect(second).toContain("MixLLM p0, MixLLM p20 and Q4_0 are beaten on both counts.");
});

test("has nothing to say of a model alone", () => {
  const comparison = sampleComparison();
  expect(verdict({ ...comparison, models: comparison.models.slice(0, 1) })).toEqual([]);
});
