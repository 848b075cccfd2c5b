import { expect, test } from "vitest";
import { momentBytes } from "./outputMoment.js";

const triangles = (...counts: number[]): number => counts.reduce((sum, count) => sum + count * (count + 1), 0);

test.each([
  [96, triangles(96)],
  [1024, triangles(1024)],
  [1025, triangles(512, 513)],
  [2500, triangles(833, 833, 834)]
])("the moment of %i channels takes two bytes a number of its groups' triangles", (channels, bytes) => {
  expect(momentBytes(channels)).toBe(bytes);
});
