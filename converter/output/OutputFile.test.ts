import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { OutputFile } from "./OutputFile.js";

const directory = temporaryDirectory();
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test("a file takes its name only when it is whole, padded to its size", async () => {
  const name = path.join(directory, "whole");
  const file = await OutputFile.create(name, 8);
  await file.write(2, bytes(3, 4));
  await file.write(0, bytes(1, 2));
  expect(readdirSync(directory)).not.toContain("whole");
  const complete = await file.complete(8);
  expect(readFileSync(complete)).toHaveLength(8);
  expect(readdirSync(directory)).not.toContain("whole");
  await file.commit();
  expect([...readFileSync(name)]).toEqual([1, 2, 3, 4, 0, 0, 0, 0]);
});

test("discarding leaves an older file of that name alone", async () => {
  const name = path.join(directory, "old");
  writeFileSync(name, "old");
  const file = await OutputFile.create(name, 3);
  await file.write(0, bytes(1, 2, 3));
  await file.discard();
  expect(readFileSync(name, "utf8")).toBe("old");
  expect(readdirSync(directory).filter((entry) => entry.endsWith(".partial"))).toEqual([]);
});

test("too little free space is said before anything is written", async () => {
  const name = path.join(directory, "huge");
  await expect(OutputFile.create(name, 2 ** 52)).rejects.toThrow(/free, but the file needs 4096 TiB/);
  expect(readdirSync(directory).filter((entry) => entry.startsWith("huge"))).toEqual([]);
});
