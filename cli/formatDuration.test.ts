import { expect, test } from "vitest";
import { formatDuration } from "./formatDuration.js";

test.each([
  [0, "0.0 s"],
  [430, "0.4 s"],
  [9_940, "9.9 s"],
  [12_400, "12 s"],
  [59_600, "1 min 00 s"],
  [185_000, "3 min 05 s"],
  [7_800_000, "2 h 10 min"]
])("%d ms reads %s", (milliseconds, expected) => {
  expect(formatDuration(milliseconds)).toBe(expected);
});
