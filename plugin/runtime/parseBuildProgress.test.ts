import { expect, test } from "vitest";
import { parseBuildProgress } from "./parseBuildProgress.js";

test.each([
  ["[ 42%] Building CXX object a.o", 0.42],
  ["[100%] Built target llama", 1],
  ["[12/300] Building CXX object a.o", 0.04],
  ["[300/300] Linking", 1],
  ["[0/0] nothing", undefined],
  ["a.cpp:[12/300]: error: not at the beginning", undefined],
  ["", undefined]
])("%s", (line, fraction) => {
  expect(parseBuildProgress(line)).toBe(fraction);
});
