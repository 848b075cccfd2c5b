import { expect, test } from "vitest";
import type { QualityFigures } from "./QualityFigures.js";
import { formatQuality, qualityJson } from "./formatQuality.js";

const alone: QualityFigures = {
  model: "m.gguf",
  perplexity: 39.22564,
  perplexityError: 1.078126,
  chunks: 40,
  context: 512
};
const compared: QualityFigures = {
  ...alone,
  comparison: {
    reference: "f16.gguf",
    kld: { mean: 0.0027854, meanError: 0.000031, median: 0.0019, p99: 0.0159, max: 0.0527 },
    top1Agreement: 0.9599,
    top1AgreementError: 0.00194,
    deltaPRms: 0.01033,
    deltaPRmsError: 0.00022
  }
};

test("a model alone is one line of figures", () => {
  expect(formatQuality(alone)).toBe(
    ["m.gguf", "40 chunks of 512 tokens", "", "perplexity  39.2256  ± 1.07813"].join("\n")
  );
});

test("a comparison is an aligned table", () => {
  expect(formatQuality(compared)).toBe(
    [
      "m.gguf against f16.gguf",
      "40 chunks of 512 tokens",
      "",
      "perplexity              39.2256  ± 1.07813",
      "KL divergence, mean    0.002785  ± 0.000031",
      "               median  0.001900",
      "               99 %    0.015900",
      "               max     0.052700",
      "same top token         95.990 %  ± 0.194 %",
      "Δp RMS                  1.033 %  ± 0.022 %"
    ].join("\n")
  );
});

test("JSON has what a comparison adds only when there is one", () => {
  expect(Object.keys(qualityJson(alone))).toEqual(["model", "perplexity", "perplexityError", "chunks", "context"]);
  expect(qualityJson(compared)).toEqual({
    ...alone,
    kld: { mean: 0.0027854, median: 0.0019, p99: 0.0159, max: 0.0527 },
    top1Agreement: 0.9599,
    deltaPRms: 0.01033
  });
});
