import { spawnSync } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { PartialFile } from "./wholeFiles.js";

test("no two writers of a file share a temporary one, not even in one process", () => {
  const names = Array.from({ length: 100 }, () => new PartialFile("model.gguf").temporary);
  expect(new Set(names).size).toBe(names.length);
});

test("what killed processes left is removed, of one file or of all; what a running one writes is not", async () => {
  const directory = temporaryDirectory();
  const { pid: dead } = spawnSync(process.execPath, ["--version"]);
  const running = `model.gguf.${process.ppid}.0123abcd.partial`;
  const foreign = [`model.gguf.${dead}.partial`, "model.gguf", "model.gguf.partial"];
  const names = [`model.gguf.${dead}.0123abcd.partial`, `other.gguf.${dead}.0123abcd.partial`, running, ...foreign];
  for (const name of names) await writeFile(path.join(directory, name), "");
  await PartialFile.removeAbandoned(directory, "model.gguf");
  expect((await readdir(directory)).sort()).toEqual(names.slice(1).sort());
  await PartialFile.removeAbandoned(directory);
  expect((await readdir(directory)).sort()).toEqual([running, ...foreign].sort());
});

test("a folder that cannot be listed has nothing to remove", async () => {
  await PartialFile.removeAbandoned("/nowhere");
});

test("what is left unfinished is discarded, written or not", async () => {
  const directory = temporaryDirectory();
  const file = new PartialFile(path.join(directory, "file"));
  await file.discard();
  await writeFile(file.temporary, "half");
  await file.discard();
  expect(await readdir(directory)).toEqual([]);
});

test("a name that cannot be had is said, in the words of any failure to write", async () => {
  const directory = temporaryDirectory();
  const file = new PartialFile(path.join(directory, "taken"));
  await mkdir(path.join(directory, "taken"));
  await writeFile(file.temporary, "whole");
  await expect(file.commit()).rejects.toMatchObject({
    message: `cannot write ${path.join(directory, "taken")}: it is a directory`,
    fix: "Give the name of a file."
  });
});
