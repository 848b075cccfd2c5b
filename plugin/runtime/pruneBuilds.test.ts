import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";
import { pruneBuilds } from "./pruneBuilds.js";

const HOUR_MS = 3_600_000;

test("keeps the build in use, the four used last and those that are young", async () => {
  const directory = await temporaryDirectory();
  const hoursSinceUse = { used: 100, a: 0.1, b: 0.2, c: 2, d: 3, e: 4, f: 5, young: 0.5, halfMade: 50 };
  for (const [name, hours] of Object.entries(hoursSinceUse)) {
    const build = path.join(directory, name);
    const time = new Date(Date.now() - hours * HOUR_MS);
    await mkdir(build);
    const marker = path.join(build, "buildDone.status");
    if (name !== "halfMade") await writeFile(marker, "");
    await utimes(name === "halfMade" ? build : marker, time, time);
  }
  await pruneBuilds(directory, path.join(directory, "used"));
  expect((await readdir(directory)).sort()).toEqual(["a", "b", "c", "used", "young"]);
});
