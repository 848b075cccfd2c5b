import { afterEach, expect, test } from "vitest";
import { untilInterrupted } from "./untilInterrupted.js";

afterEach(() => {
  process.exitCode = undefined;
});

const interrupted = (rejectWith: (reason: unknown) => Error): Promise<unknown> =>
  untilInterrupted(
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(rejectWith(signal.reason)));
        process.emit("SIGTERM", "SIGTERM");
      })
  );

test.each([
  ["the signal's reason", (reason: unknown) => reason as Error],
  ["an error because of it", (reason: unknown) => new Error("layer 3 failed", { cause: reason })]
])("work that ends with %s was interrupted", async (_, rejectWith) => {
  const listeners = process.listenerCount("SIGTERM");
  expect(await interrupted(rejectWith)).toBeUndefined();
  expect(process.exitCode).toBe(143);
  expect(process.listenerCount("SIGTERM")).toBe(listeners);
});

test("a failure of its own is still one after an interruption", async () => {
  await expect(interrupted(() => new Error("the disk is gone"))).rejects.toThrow("the disk is gone");
});

test("a second signal, whichever it is, is left to end the process", async () => {
  const listeners = process.listenerCount("SIGINT");
  let end: (() => void) | undefined;
  const work = untilInterrupted(() => new Promise<void>((resolve) => (end = resolve)));
  expect(process.listenerCount("SIGINT")).toBe(listeners + 1);
  process.emit("SIGHUP", "SIGHUP");
  expect(process.listenerCount("SIGINT")).toBe(listeners);
  expect(process.exitCode).toBe(129);
  end?.();
  await work;
});

test("gives what the work resolves to", async () => {
  expect(await untilInterrupted(() => Promise.resolve(7))).toBe(7);
});
