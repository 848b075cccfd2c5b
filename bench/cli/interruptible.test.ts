import { afterEach, expect, test, vi } from "vitest";
import { CanceledError } from "../job/CanceledError.js";
import { interruptible } from "./interruptible.js";

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

test("Ctrl-C fires the signal, and the stop it causes is no error", async () => {
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const running = interruptible(
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new CanceledError()));
      })
  );
  process.emit("SIGINT");
  await running;
  expect(process.exitCode).toBe(130);
  expect(stderr).toHaveBeenCalledExactlyOnceWith("interrupted\n");
});

test("other errors pass, and the listener goes", async () => {
  const before = process.listenerCount("SIGINT");
  await expect(interruptible(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(process.listenerCount("SIGINT")).toBe(before);
});
