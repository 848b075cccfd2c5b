import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Forecast, type Work } from "./Forecast.js";

/** What a token takes here, in milliseconds: nobody can know before. */
const PACE = { convert: 1, quality: 2, start: 5, imatrix: 1, mixllm: 20, stock: 3, speed: 4 };
const MODEL: readonly Work[] = [
  { kind: "mixllm", tokens: 1000 },
  { kind: "quality", tokens: 500 },
  { kind: "start", tokens: 10 }
];

let told: { at: number; fraction: number }[];

beforeEach(() => {
  told = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

function forecastOf(plan: readonly Work[]): Forecast {
  const start = performance.now();
  return new Forecast(plan, (fraction) => told.push({ at: performance.now() - start, fraction }));
}

const duration = (pieces: readonly Work[]): number =>
  pieces.reduce((sum, { kind, tokens }) => sum + tokens * PACE[kind], 0);

/** Does a piece of work in the time it takes here; it tells nothing of itself. */
async function pass(forecast: Forecast, piece: Work): Promise<void> {
  const done = forecast.time(() => new Promise<void>((resolve) => void setTimeout(resolve, duration([piece]))));
  await vi.advanceTimersByTimeAsync(duration([piece]));
  await done;
}

/** The time left that the last word leaves one to expect, in milliseconds. */
function left(): number {
  const { at, fraction } = told.at(-1)!;
  return (at * (1 - fraction)) / fraction;
}

test("once a kind of work has been done, the time it takes is known, however different the kinds are", async () => {
  const plan = [...MODEL, ...MODEL, ...MODEL];
  const forecast = forecastOf(plan);
  for (const [i, piece] of plan.entries()) {
    forecast.next(piece.kind, piece.kind);
    if (i >= MODEL.length) expect(left()).toBeCloseTo(duration(plan.slice(i)), 3);
    await pass(forecast, piece);
  }
});

test("what is only looked up takes no time and teaches nothing", async () => {
  const plan = [...MODEL, ...MODEL, ...MODEL, ...MODEL];
  const forecast = forecastOf(plan);
  for (const { kind } of plan.slice(0, 2 * MODEL.length)) forecast.next(kind, kind);
  expect(told.every(({ fraction }) => fraction === 0)).toBe(true);
  for (const piece of MODEL) {
    forecast.next(piece.kind, piece.kind);
    await pass(forecast, piece);
  }
  forecast.next("mixllm", "mixllm");
  expect(left()).toBeCloseTo(duration(MODEL), 3);
});

test("the first piece tells by itself, and what is like nothing before takes as long a token", () => {
  const forecast = forecastOf(MODEL);
  forecast.next("mixllm", "mixllm");
  vi.advanceTimersByTime(5_000);
  forecast.update(0.25);
  expect(left()).toBeCloseTo(15_000 + 510 * PACE.mixllm, 3);
});

test("time goes on while a piece says nothing", async () => {
  const forecast = forecastOf([...MODEL, ...MODEL]);
  for (const piece of MODEL) {
    forecast.next(piece.kind, piece.kind);
    await pass(forecast, piece);
  }
  forecast.next("mixllm", "mixllm");
  const before = left();
  void forecast.time(() => new Promise(() => undefined));
  await vi.advanceTimersByTimeAsync(7_000);
  expect(left()).toBeCloseTo(before - 7_000, 3);
});

test("a piece that takes longer than thought undoes nothing", async () => {
  const plan: Work[] = [
    { kind: "quality", tokens: 100 },
    { kind: "mixllm", tokens: 100 },
    { kind: "mixllm", tokens: 100 }
  ];
  const forecast = forecastOf(plan);
  for (const piece of plan) {
    forecast.next(piece.kind, piece.kind);
    await pass(forecast, piece);
  }
  const fractions = told.map(({ fraction }) => fraction);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions.at(-1)).toBeLessThan(1);
});

test("work that was not planned is a bug", () => {
  expect(() => forecastOf(MODEL).next("speed", "speed")).toThrow("no more work of the kind speed is planned");
});
