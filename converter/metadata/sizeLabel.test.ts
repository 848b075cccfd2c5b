import { expect, test } from "vitest";
import { sizeLabel } from "./sizeLabel.js";

test.each([
  [778_240, "778K"],
  [999_999, "1000K"],
  [3_670_016, "3.7M"],
  [18_500_000, "18M"],
  [494_032_768, "494M"],
  [1_250_000_000, "1.2B"],
  [8_030_261_248, "8.0B"],
  [70_553_706_496, "71B"],
  [400_000_000, "400M"],
  [500, "0.50K"]
])("%d parameters are %s", (parameters, expected) => {
  expect(sizeLabel(parameters)).toBe(expected);
});
