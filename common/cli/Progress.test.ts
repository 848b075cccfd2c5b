import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Progress } from "./Progress.js";

let printed: string[];

beforeEach(() => {
  printed = [];
  vi.useFakeTimers();
  vi.spyOn(process.stderr, "write").mockImplementation((text) => printed.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("prints a plain line every few seconds where nothing can be redrawn", () => {
  const progress = new Progress("Converting");
  progress.update(0.1, "layer 0");
  vi.advanceTimersByTime(10_000);
  progress.update(0.25, "layer 1");
  progress.update(0.3, "layer 2");
  vi.advanceTimersByTime(10_000);
  progress.update(undefined, "sampling");
  progress.succeed("Converted");
  expect(printed).toEqual([
    "Converting · 25% · 30 s left · layer 1\n",
    "Converting · sampling\n",
    "Converted (20 s)\n"
  ]);
});

test("prints nothing when it is to be quiet", () => {
  const progress = new Progress("Converting", { quiet: true });
  vi.advanceTimersByTime(10_000);
  progress.update(0.5);
  progress.succeed();
  progress.fail();
  expect(printed).toEqual([]);
});
