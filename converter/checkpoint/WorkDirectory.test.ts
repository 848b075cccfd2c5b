import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { InvalidInputError } from "../../common/errors.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { CALIBRATION_TOKENS, WorkDirectory } from "./WorkDirectory.js";

const directory = temporaryDirectory();
const identity = { source: "a model" };

test("a folder with other files is refused and left as it is, since the end of the work removes it", async () => {
  const documents = path.join(directory, "documents");
  mkdirSync(documents);
  writeFileSync(path.join(documents, "thesis.txt"), "");
  await expect(WorkDirectory.open(documents, identity)).rejects.toThrow(
    /documents holds files that are no unfinished conversion, such as thesis\.txt/
  );
  expect(readdirSync(documents)).toEqual(["thesis.txt"]);
});

test("an empty folder is taken, as is one that is made with its parents", async () => {
  const empty = path.join(directory, "empty");
  mkdirSync(empty);
  for (const folder of [empty, path.join(directory, "new/deeper")]) {
    await (await WorkDirectory.open(folder, identity)).discard();
    expect(existsSync(folder)).toBe(false);
  }
});

test.each([
  ["before a step is finished", [CALIBRATION_TOKENS], false],
  ["after one", [CALIBRATION_TOKENS, "input.1.f32"], true]
])("bad input found %s leaves the folder: %j, %j", async (_, files, kept) => {
  const folder = path.join(directory, "work");
  const work = await WorkDirectory.open(folder, identity);
  for (const name of files) await work.write(name, "");
  await work.leave(new InvalidInputError("a weight cannot be read"));
  expect(existsSync(folder)).toBe(kept);
});

test("what cannot be written is said, and nothing half-written stays", async () => {
  const work = await WorkDirectory.open(path.join(directory, "blocked"), identity);
  mkdirSync(work.file("step/"));
  await expect(work.write("step", "data")).rejects.toThrow(/^cannot write .*step: it is a directory/);
  expect(readdirSync(work.path).sort()).toEqual(["manifest.json", "step"]);
  await work.discard();
});
