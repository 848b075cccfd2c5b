import { expect, test } from "vitest";
import { InvalidInputError } from "../errors.js";
import { openRegularFile } from "./readFiles.js";
import { readFailure } from "./fileErrors.js";

test.each([
  ["ENOENT", "no such file or folder", "Check the path."],
  ["EISDIR", "it is a directory", "Give the name of a file."],
  ["EACCES", "permission denied", "Check the permissions of the file and its folder."],
  ["EMFILE", "too many open files", /^Raise the limit \(ulimit -n\) or close/],
  ["EIO", "the disk or the network drive failed (I/O error)", /^Check the disk or the connection/]
])("%s is told in words, with the file and what to do", (code, reason, fix) => {
  const cause = Object.assign(new Error(`${code}: as Node says it`), { code });
  const error = readFailure("model.gguf", cause);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error).toMatchObject({ message: `cannot read model.gguf: ${reason}`, cause });
  expect(error.fix).toMatch(fix);
});

test("what to do about a missing file can be more than that", () => {
  const ifMissing = "Finish the download.";
  expect(readFailure("x", { code: "ENOENT" }, { ifMissing }).fix).toBe(ifMissing);
  expect(readFailure("x", { code: "EIO" }, { ifMissing }).fix).not.toBe(ifMissing);
});

test.each([
  ["/nowhere/model.gguf", "no such file or folder"],
  [`${import.meta.filename}/model.gguf`, "part of its path is not a directory"],
  [import.meta.dirname, "it is a directory"],
  ["/dev/null", "it is no regular file"]
])("%s is not opened", async (file, reason) => {
  await expect(openRegularFile(file)).rejects.toThrow(`cannot read ${file}: ${reason}`);
});
