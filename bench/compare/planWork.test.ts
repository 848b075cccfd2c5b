import { expect, test } from "vitest";
import { planWork, type WorkKind } from "./Forecast.js";

const OPTIONS = {
  convertsSource: true,
  needsMatrix: true,
  textBytes: 100_000,
  context: 512,
  chunks: 10,
  calibrationChunks: 64,
  prompt: [512],
  generate: [64],
  depth: [0],
  repeat: 5,
  contenders: [
    { kind: "mixllm", percent8bit: 10 },
    { kind: "stock", type: "Q4_K_M" },
    { kind: "file", path: "mine.gguf" }
  ]
} as const;

const kinds = (options: Partial<Parameters<typeof planWork>[0]> = {}): WorkKind[] =>
  planWork({ ...OPTIONS, ...options }).map(({ kind }) => kind);

test("plans all work, each model's in turn", () => {
  const measured = ["quality", "start", "start", "start"];
  expect(kinds()).toEqual([
    ...["convert", ...measured, "imatrix"],
    ...["mixllm", ...measured],
    ...["stock", ...measured],
    ...[...measured, "speed"]
  ]);
  const nothingElse = { convertsSource: false, needsMatrix: false, contenders: [], prompt: [0], generate: [0] };
  expect(kinds(nothingElse)).toEqual(measured);
});

test("quality takes the text twice where two models are held against each other, as far as it is read", () => {
  const quality = (options: Partial<Parameters<typeof planWork>[0]>): number[] =>
    planWork({ ...OPTIONS, ...options })
      .filter(({ kind }) => kind === "quality")
      .map(({ tokens }) => tokens);
  expect(quality({})).toEqual([5120, 10_240, 10_240, 10_240]);
  expect(quality({ chunks: 1000, contenders: [] })).toEqual([25_000]);
});

test("speed takes a warm-up and its rounds of every model and test", () => {
  const speed = (options: Partial<Parameters<typeof planWork>[0]>): number =>
    planWork({ ...OPTIONS, ...options }).find(({ kind }) => kind === "speed")!.tokens;
  expect(speed({ generate: [0] })).toBe(4 * 6 * 512);
  expect(speed({ generate: [0], depth: [0, 100] })).toBe(4 * 6 * (512 + 612));
  expect(speed({ prompt: [0], generate: [100] })).toBeGreaterThan(speed({ prompt: [100], generate: [0] }));
});
