import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { pruneBuilds } from "./buildCache.js";

const HOUR_MS = 3_600_000;

test("keeps the build in use, the four used last and those that are young", async () => {
  const directory = temporaryDirectory();
  const hoursSinceUse = { used: 100, a: 0.1, b: 0.2, c: 2, d: 3, e: 4, f: 5, young: 0.5, halfMade: 50 };
  for (const [name, hours] of Object.entries(hoursSinceUse)) {
    const build = path.join(directory, `${name}-0123456789abcdef${name === "halfMade" ? ".77.tmp" : ""}`);
    const time = new Date(Date.now() - hours * HOUR_MS);
    await mkdir(build);
    const marker = path.join(build, "buildDone.status");
    if (name !== "halfMade") await writeFile(marker, "");
    await utimes(name === "halfMade" ? build : marker, time, time);
  }
  await pruneBuilds(directory, path.join(directory, "used-0123456789abcdef"));
  expect((await readdir(directory)).map((name) => name.replace(/-.*/, "")).sort()).toEqual([
    "a",
    "b",
    "c",
    "used",
    "young"
  ]);
});

test("leaves alone what is no build", async () => {
  const directory = temporaryDirectory();
  const time = new Date(Date.now() - 100 * HOUR_MS);
  const names = ["1", "2", "3", "4", "5", "6"].map((name) => `project-${name}`);
  for (const name of names) {
    await mkdir(path.join(directory, name));
    await utimes(path.join(directory, name), time, time);
  }
  await pruneBuilds(directory, path.join(directory, "used"));
  expect((await readdir(directory)).sort()).toEqual(names);
});
