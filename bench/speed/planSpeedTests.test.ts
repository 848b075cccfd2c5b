import { expect, test } from "vitest";
import { planSpeedTests } from "./planSpeedTests.js";

const names = (lengths: Parameters<typeof planSpeedTests>[0]): string[] =>
  planSpeedTests(lengths).map(({ name }) => name);

test("tests are named as llama-bench names them", () => {
  expect(names({})).toEqual(["pp512", "tg64"]);
  expect(planSpeedTests({ prompt: [8], generate: [2], depth: [16] })).toEqual([
    { name: "pp8 @ d16", tokens: 8, generation: false, depth: 16 },
    { name: "tg2 @ d16", tokens: 2, generation: true, depth: 16 }
  ]);
});

test("every length runs at every depth, once", () => {
  expect(names({ prompt: [512, 128], generate: [64], depth: [4096, 0, 0] })).toEqual([
    ...["pp128", "pp512", "tg64"],
    ...["pp128 @ d4096", "pp512 @ d4096", "tg64 @ d4096"]
  ]);
});

test("0 tokens leave a test out", () => {
  expect(names({ prompt: [0], generate: [4] })).toEqual(["tg4"]);
  expect(names({ prompt: [0], generate: [0], depth: [0, 8] })).toEqual([]);
});
