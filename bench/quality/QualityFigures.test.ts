import { expect, test } from "vitest";
import { summarizeScores } from "./QualityFigures.js";

test("perplexity is the exponential of the mean loss, its error the loss's standard error carried over", () => {
  const { perplexity, perplexityError, comparison } = summarizeScores({
    negativeLogLikelihood: Float64Array.of(1, 2, 3, 6)
  });
  expect(perplexity).toBeCloseTo(Math.exp(3), 12);
  // Population variance (4 + 1 + 0 + 9) / 4 over n - 1, as llama.cpp's tool estimates it.
  expect(perplexityError).toBeCloseTo(Math.exp(3) * Math.sqrt(3.5 / 3), 12);
  expect(comparison).toBeUndefined();
});

test("a comparison has mean, percentiles, agreement and root mean square", () => {
  const { comparison } = summarizeScores({
    negativeLogLikelihood: Float64Array.of(1, 1, 1, 1, 1),
    comparison: {
      referenceNegativeLogLikelihood: Float64Array.of(1, 1, 1, 1, 1),
      klDivergence: Float64Array.of(0.5, 0.1, 0.2, 0.9, 0.3),
      probabilityChange: Float64Array.of(0.1, -0.1, 0.3, -0.3, 0),
      sameTop: Uint8Array.of(1, 1, 0, 1, 1)
    }
  });
  expect(comparison!.kld.mean).toBeCloseTo(0.4, 12);
  expect(comparison!.kld.median).toBe(0.3);
  expect(comparison!.kld.p99).toBeCloseTo(0.5 + 0.96 * 0.4, 12);
  expect(comparison!.kld.max).toBe(0.9);
  expect(comparison!.top1Agreement).toBeCloseTo(0.8, 12);
  // Binomial: sqrt(p (1 - p) / (n - 1))
  expect(comparison!.top1AgreementError).toBeCloseTo(Math.sqrt((0.8 * 0.2) / 4), 12);
  expect(comparison!.deltaPRms).toBeCloseTo(0.2, 12);
});

test("no change at all has no error either", () => {
  const { comparison } = summarizeScores({
    negativeLogLikelihood: Float64Array.of(1, 2),
    comparison: {
      referenceNegativeLogLikelihood: Float64Array.of(1, 2),
      klDivergence: new Float64Array(2),
      probabilityChange: new Float64Array(2),
      sameTop: Uint8Array.of(1, 1)
    }
  });
  expect(comparison).toMatchObject({ deltaPRms: 0, deltaPRmsError: 0, top1Agreement: 1, top1AgreementError: 0 });
});
