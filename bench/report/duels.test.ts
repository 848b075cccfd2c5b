import { expect, test } from "vitest";
import { sampleComparison } from "../testing/sampleComparison.js";
import { duels } from "./duels.js";

test("sets each MixLLM model against the stock one nearest in size, and against stock at its very size", () => {
  const [p0, p20] = duels(sampleComparison());
  // 2.20 MiB: Q4_0 (2.17) is nearer than Q4_K_M (2.28).
  expect([p0!.rival.name, p20!.rival.name]).toEqual(["Q4_0", "Q5_K_M"]);
  expect(p0!.size.ratio).toBeCloseTo(2.2 / 2.17, 4);
  expect(p0!.kld.ratio).toBeCloseTo(0.00318 / 0.0061, 6);
  expect(p0!.kld.verdict).toBe("better");
  // Q4_0 is beaten by IQ4_XS, so the line goes from IQ4_XS (2.07) to Q4_K_M (2.28).
  const share = (2.2 - 2.07) / (2.28 - 2.07);
  const expected = Math.exp((1 - share) * Math.log(0.0052) + share * Math.log(0.0037));
  expect(p0!.kldAtSize!.ratio).toBeCloseTo(0.00318 / expected, 4);
  expect(p20!.speed.map(({ test: name, outcome }) => [name, outcome.verdict])).toEqual([
    ["pp512", "better"],
    ["tg64", "even"]
  ]);
});

test("what is worse is said to be worse", () => {
  const comparison = sampleComparison();
  const mixed = comparison.models.find(({ name }) => name === "MixLLM p20")!;
  mixed.quality.comparison!.kld = { ...mixed.quality.comparison!.kld, mean: 0.01, meanError: 0.0001 };
  mixed.speed[1]!.tokensPerSecond.mean = 100;
  const duel = duels(comparison).at(-1)!;
  expect([duel.kld.verdict, duel.kldAtSize!.verdict, duel.speed[1]!.outcome.verdict]).toEqual([
    "worse",
    "worse",
    "worse"
  ]);
});

test("no expectation for a model smaller than all stock ones, and no duel without stock ones", () => {
  const comparison = sampleComparison();
  comparison.models.find(({ name }) => name === "MixLLM p0")!.fileBytes = 2 ** 20;
  expect(duels(comparison)[0]!.kldAtSize).toBeUndefined();
  expect(duels({ ...comparison, models: comparison.models.filter(({ family }) => family !== "stock") })).toEqual([]);
});
