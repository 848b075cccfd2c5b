import { expect, test } from "vitest";
import { summarizeRates } from "./SpeedReport.js";

test.each([
  [[7], { median: 7, mean: 7, sd: 0 }],
  [[1, 2], { median: 1.5, mean: 1.5, sd: Math.SQRT1_2 }],
  [[9, 1, 2], { median: 2, mean: 4, sd: Math.sqrt(19) }]
])("%j", (rates, expected) => {
  const { median, mean, sd } = summarizeRates(rates);
  expect({ median, mean }).toEqual({ median: expected.median, mean: expected.mean });
  expect(sd).toBeCloseTo(expected.sd, 12);
});
