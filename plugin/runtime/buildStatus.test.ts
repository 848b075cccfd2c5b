import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { type BuildStatus, readBuildStatus, writeBuildStatus } from "./buildStatus.js";

const STATUS: BuildStatus = {
  state: "building",
  key: "0123456789abcdef",
  pid: 1234,
  fraction: 0.25,
  step: "compiling",
  updatedAt: "2026-01-01T00:00:00.000Z",
  logFile: "/cache/build.log"
};

test("reads what was written, and no file stays beside it", async () => {
  const directory = temporaryDirectory();
  await writeBuildStatus(directory, STATUS);
  await writeBuildStatus(directory, { ...STATUS, state: "finished", fraction: 1 });
  expect(await readBuildStatus(directory)).toEqual({ ...STATUS, state: "finished", fraction: 1 });
  expect(await readdir(directory)).toEqual(["status.json"]);
});

test("a status that a crash cut short, at any byte, counts as none", async () => {
  const directory = temporaryDirectory();
  const file = path.join(directory, "status.json");
  await writeBuildStatus(directory, STATUS);
  const whole = await readFile(file);
  for (let length = 0; length < whole.length; length++) {
    await writeFile(file, whole.subarray(0, length));
    expect(await readBuildStatus(directory), `cut at ${length}`).toBeUndefined();
  }
});

test("a status with other fields, and none at all, count as none", async () => {
  const directory = temporaryDirectory();
  const file = path.join(directory, "status.json");
  expect(await readBuildStatus(directory)).toBeUndefined();
  for (const other of ["null", "[]", '"text"', JSON.stringify({ ...STATUS, state: "else" }), JSON.stringify({})]) {
    await writeFile(file, other);
    expect(await readBuildStatus(directory), other).toBeUndefined();
  }
});
