import { expect, test } from "vitest";
import { assertCanWrite } from "./assertCanWrite.js";

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
