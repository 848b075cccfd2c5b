import { expect, test } from "vitest";
import { summarizeFootprints } from "./summarizeFootprints.js";

const start = { loadSeconds: 1, firstTokenSeconds: 2, peakMemoryBytes: 10, videoMemoryBytes: null };

test("takes median times and the largest memory", () => {
  const starts = [
    start,
    { loadSeconds: 9, firstTokenSeconds: 11, peakMemoryBytes: 30, videoMemoryBytes: null },
    { loadSeconds: 2, firstTokenSeconds: 4, peakMemoryBytes: 20, videoMemoryBytes: null }
  ];
  expect(summarizeFootprints(starts)).toEqual({
    loadSeconds: 2,
    firstTokenSeconds: 4,
    peakMemoryBytes: 30,
    videoMemoryBytes: null
  });
});

test("knows video memory where a GPU reports it", () => {
  const starts = [5, 7].map((videoMemoryBytes) => ({ ...start, videoMemoryBytes }));
  expect(summarizeFootprints(starts).videoMemoryBytes).toBe(7);
});
