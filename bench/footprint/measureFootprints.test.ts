import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { WorkRunner } from "../worker/runInWorker.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { measureFootprints, startLengths, summarizeFootprints } from "./measureFootprints.js";

const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);
const options = { prompt: 8, context: 16, threads: 2, starts: 2 };

beforeAll(async () => {
  await writeFile(file("a.gguf"), "GGUF");
  await writeFile(file("b.gguf"), "GGUF");
  await writeFile(file("text.gguf"), "some text");
});

test("each model starts several times, the first not counting", async () => {
  const started: string[] = [];
  const runWork = ((request: { options: { model: string } }) => {
    started.push(request.options.model.slice(-6));
    const seconds = started.length;
    return Promise.resolve({
      loadSeconds: seconds,
      firstTokenSeconds: 2 * seconds,
      peakMemoryBytes: 1,
      videoMemoryBytes: null
    });
  }) as unknown as WorkRunner;
  const steps: string[] = [];
  const footprints = await measureFootprints([file("a.gguf"), file("b.gguf")], {
    ...options,
    runWork,
    onProgress: (done, total) => steps.push(`${done}/${total}`)
  });
  expect(started).toEqual(["a.gguf", "a.gguf", "a.gguf", "b.gguf", "b.gguf", "b.gguf"]);
  expect(footprints.map(({ loadSeconds }) => loadSeconds)).toEqual([2.5, 5.5]);
  expect(steps).toEqual(Array.from({ length: 6 }, (_, i) => `${i}/6`));
});

test("a file that is no model stops before anything starts", async () => {
  const runWork = (() => Promise.reject(new Error("started"))) as WorkRunner;
  await expect(measureFootprints([file("a.gguf"), file("text.gguf")], { ...options, runWork })).rejects.toThrow(
    /text\.gguf is not a GGUF file/
  );
});

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
