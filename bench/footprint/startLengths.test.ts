import { expect, test } from "vitest";
import { startLengths } from "./startLengths.js";

test.each([
  [{}, { prompt: 512, context: 512 }],
  [
    { prompt: [128, 512], generate: [64, 900], depth: [0, 4096] },
    { prompt: 512, context: 4996 }
  ],
  [
    { prompt: [0], generate: [64], depth: [10] },
    { prompt: 1, context: 74 }
  ],
  [
    { prompt: [0], generate: [0] },
    { prompt: 1, context: 1 }
  ]
])("%j", (lengths, expected) => {
  expect(startLengths(lengths)).toEqual(expected);
});
