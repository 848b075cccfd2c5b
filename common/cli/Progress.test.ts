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
  progress.update(0.2, "layer 1");
  expect(printed).toEqual([]);
  vi.advanceTimersByTime(10_000);
  progress.update(0.25, "layer 2");
  progress.update(0.3, "layer 3");
  vi.advanceTimersByTime(2000);
  progress.update(undefined, "sampling");
  vi.advanceTimersByTime(8000);
  progress.update(0.9, "layer 4");
  progress.update(0.95, "layer 5");
  progress.succeed("Converted");
  vi.advanceTimersByTime(10_000);
  expect(printed).toEqual([
    "Converting · 20% · 20 s left · layer 1\n",
    "Converting · 25% · 30 s left · layer 2\n",
    "Converting · sampling\n",
    "Converting · 90% · 2.2 s left · layer 4\n",
    "Converted (20 s)\n"
  ]);
});

test("a long step is told of soon, whatever was printed just before it", () => {
  const progress = new Progress("Building");
  vi.advanceTimersByTime(60_000);
  progress.update(undefined, "another process is building; waiting");
  progress.restart();
  progress.update(0.1, "configuring");
  vi.advanceTimersByTime(60_000);
  expect(printed).toEqual([
    "Building · another process is building; waiting\n",
    "Building · 10% · 45 s left · configuring\n"
  ]);
  progress.succeed();
  expect(printed.at(-1)).toBe("Building (1 min 00 s)\n");
});

test("prints nothing when it is to be quiet", () => {
  const progress = new Progress("Converting", { quiet: true });
  vi.advanceTimersByTime(10_000);
  progress.update(0.5);
  progress.succeed();
  progress.fail();
  expect(printed).toEqual([]);
});
