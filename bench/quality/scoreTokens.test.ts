import { loadBenchAddon } from "../loadBenchAddon.js";
import { beforeAll, describe, expect, test } from "vitest";
import type { BenchAddon } from "../BenchAddon.js";
import { prepareBenchAddon } from "../testing/benchTests.js";
import { pseudoRandom } from "../../testing/pseudoRandom.js";
import { scoreTokensReference } from "../testing/scoreTokensReference.js";

let addon: BenchAddon;
prepareBenchAddon();
beforeAll(async () => {
  addon = await loadBenchAddon();
});

function randomLogits(count: number, spread: number, seed: number): Float32Array {
  const random = pseudoRandom(seed);
  return Float32Array.from({ length: count }, () => spread * (2 * random() - 1));
}

function expectClose(actual: Float64Array, expected: Float64Array, tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!), `entry ${i}`).toBeLessThanOrEqual(tolerance));
}

describe("scores of single tokens", () => {
  test.each([
    { targets: 1, vocabulary: 2, spread: 1, threads: 1 },
    { targets: 7, vocabulary: 33, spread: 5, threads: 2 },
    { targets: 64, vocabulary: 257, spread: 20, threads: 3 },
    { targets: 3, vocabulary: 1000, spread: 300, threads: 8 }
  ])("agree with their definitions: %o", ({ targets: count, vocabulary, spread, threads }) => {
    const reference = randomLogits(count * vocabulary, spread, 1);
    const noise = randomLogits(count * vocabulary, 0.3, 2);
    const model = reference.map((logit, i) => logit + noise[i]!);
    const targets = Int32Array.from({ length: count }, (_, i) => (i * 7) % vocabulary);
    const actual = addon.scoreTokens(model, reference, targets, threads);
    const expected = scoreTokensReference(model, reference, targets);
    expect(actual.finite).toBe(true);
    expectClose(actual.negativeLogLikelihood, expected.negativeLogLikelihood, 1e-11 * Math.max(1, spread));
    expectClose(actual.comparison!.klDivergence, expected.comparison.klDivergence, 1e-12 * Math.max(1, spread));
    expectClose(actual.comparison!.probabilityChange, expected.comparison.probabilityChange, 1e-13);
    expectClose(
      actual.comparison!.referenceNegativeLogLikelihood,
      expected.comparison.referenceNegativeLogLikelihood,
      1e-11 * Math.max(1, spread)
    );
    expect(actual.comparison!.sameTop).toEqual(expected.comparison.sameTop);
  });

  test("do not depend on the number of threads", () => {
    const logits = randomLogits(50 * 100, 10, 3);
    const targets = Int32Array.from({ length: 50 }, (_, i) => i);
    expect(addon.scoreTokens(logits, logits, targets, 5)).toEqual(addon.scoreTokens(logits, logits, targets, 1));
  });

  test("of a model against itself show no difference", () => {
    const logits = randomLogits(20 * 50, 10, 4);
    const { comparison } = addon.scoreTokens(logits, logits, new Int32Array(20), 2);
    expect(comparison!.klDivergence).toEqual(new Float64Array(20));
    expect(comparison!.probabilityChange).toEqual(new Float64Array(20));
    expect(comparison!.sameTop).toEqual(new Uint8Array(20).fill(1));
  });

  test("hold where exponentials of plain logits would overflow", () => {
    const logits = Float32Array.of(3000, 2999, -3000);
    const { negativeLogLikelihood, finite } = addon.scoreTokens(logits, undefined, Int32Array.of(1), 1);
    expect(finite).toBe(true);
    expect(negativeLogLikelihood[0]).toBeCloseTo(1 + Math.log1p(Math.exp(-1)), 12);
  });

  test.each([NaN, Infinity])("say so when a logit is %f", (bad) => {
    expect(addon.scoreTokens(Float32Array.of(1, bad, 2), undefined, Int32Array.of(0), 1).finite).toBe(false);
  });

  test("take the lowest id among equal logits as the top token", () => {
    const tied = Float32Array.of(1, 5, 5);
    const { comparison } = addon.scoreTokens(tied, Float32Array.of(1, 6, 5), Int32Array.of(0), 1);
    expect(comparison!.sameTop[0]).toBe(1);
  });

  test("refuse shapes that do not fit", () => {
    expect(() => addon.scoreTokens(new Float32Array(5), undefined, new Int32Array(2), 1)).toThrow(/shape/);
    expect(() => addon.scoreTokens(new Float32Array(4), undefined, Int32Array.of(0, 2), 1)).toThrow(/vocabulary/);
  });
});
