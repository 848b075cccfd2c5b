import { existsSync } from "node:fs";
import { statfs, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { assertCanWrite, assertFreeSpace, freeDiskBytes, makeFolder } from "./destination.js";

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

test("a folder is made with those above it", async () => {
  const folder = path.join(temporaryDirectory(), "new", "deeper");
  await makeFolder(folder);
  await makeFolder(folder);
  expect(existsSync(folder)).toBe(true);
});

test("a folder that cannot be made is said, with the reason", async () => {
  const file = path.join(temporaryDirectory(), "file");
  await writeFile(file, "");
  await expect(makeFolder(file)).rejects.toThrow(`cannot write ${file}: a file stands where a folder is needed`);
  await expect(makeFolder(path.join(file, "deeper"))).rejects.toThrow("part of its path is not a directory");
});

test.runIf(process.platform === "linux")(
  "a file system that takes no folders is no reason to try for ever",
  async () => {
    await expect(makeFolder("/proc/none/deeper")).rejects.toThrow("cannot write /proc/none/deeper");
  }
);

test("what is to lie on one disk needs its room together", async () => {
  const folder = os.tmpdir();
  const most = (await freeDiskBytes(folder)) * 0.7;
  const need = (what: string): { path: string; what: string; bytes: number } => ({
    path: path.join(folder, "not", "there"),
    what,
    bytes: most
  });
  await assertFreeSpace([need("the file")], "Free some space.");
  await expect(assertFreeSpace([need("the file"), need("calibration")], "Free some space.")).rejects.toMatchObject({
    message: expect.stringMatching(/free, but the file needs .* and calibration needs .* to spare$/) as string,
    fix: "Free some space."
  });
});
