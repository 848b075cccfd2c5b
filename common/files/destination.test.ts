import { statfs } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { assertCanWrite, freeDiskBytes } from "./destination.js";

test("a directory is no file to write to", async () => {
  await expect(assertCanWrite(import.meta.dirname, { overwrite: true })).rejects.toThrow("is a directory");
});

test("what is no regular file is never replaced", async () => {
  const device = process.platform === "win32" ? "\\\\.\\NUL" : "/dev/null";
  await expect(assertCanWrite(device, { overwrite: true })).rejects.toThrow("is no regular file");
});

test("a file that exists is kept unless it may be replaced", async () => {
  await expect(assertCanWrite(import.meta.filename, { overwrite: false })).rejects.toThrow("exists already");
  await assertCanWrite(import.meta.filename, { overwrite: true });
});

test("a name of a directory that is not there is one clear message", async () => {
  await expect(assertCanWrite("/nowhere/model.gguf", { overwrite: false })).rejects.toThrow(
    "cannot write /nowhere/model.gguf: no such file or folder"
  );
});

test("looks at the nearest folder that is there", async () => {
  const { blocks, bsize } = await statfs(os.tmpdir());
  const free = await freeDiskBytes(path.join(os.tmpdir(), "mixllm-none", "deeper", "file"));
  expect(free).toBeGreaterThan(0);
  expect(free).toBeLessThanOrEqual(blocks * bsize);
});
