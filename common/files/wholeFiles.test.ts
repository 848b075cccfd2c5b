import type * as FileSystem from "node:fs/promises";
import { mkdir, open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { withPartialFile, writeWholeFile } from "./wholeFiles.js";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof FileSystem>();
  return { ...real, open: vi.fn(real.open), rename: vi.fn(real.rename) };
});

let directory: string;
let file: string;

beforeEach(() => {
  directory = temporaryDirectory();
  file = path.join(directory, "file");
});

test("replaces a file, and leaves nothing else", async () => {
  await writeFile(file, "old");
  await writeWholeFile(file, "new");
  expect(await readFile(file, "utf8")).toBe("new");
  expect(await readdir(directory)).toEqual(["file"]);
});

test("many writers of one file leave the whole of one", async () => {
  const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(100_000));
  await Promise.all(contents.map((content) => writeWholeFile(file, content)));
  expect(contents).toContain(await readFile(file, "utf8"));
  expect(await readdir(directory)).toEqual(["file"]);
});

test("the bytes are on the disk before the file has its name", async () => {
  const order: string[] = [];
  const { open: reallyOpen, rename: reallyRename } = await vi.importActual<typeof FileSystem>("node:fs/promises");
  vi.mocked(open).mockImplementationOnce(async (...given) => {
    const handle = await reallyOpen(...given);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      await sync();
      order.push("flushed");
    };
    return handle;
  });
  vi.mocked(rename).mockImplementationOnce(async (...given) => {
    order.push("renamed");
    return reallyRename(...given);
  });
  await writeWholeFile(file, "data");
  expect(order).toEqual(["flushed", "renamed"]);
});

test("a folder that is not there is said, with the file's own name", async () => {
  const nowhere = path.join(directory, "nowhere", "file");
  await expect(writeWholeFile(nowhere, "data")).rejects.toMatchObject({
    message: `cannot write ${nowhere}: no such file or folder`,
    fix: "Check the path."
  });
});

test("a failure at the end leaves nothing half-written", async () => {
  await mkdir(file);
  await expect(writeWholeFile(file, "data")).rejects.toThrow(`cannot write ${file}: it is a directory`);
  expect(await readdir(directory)).toEqual(["file"]);
});

test("work that fails leaves the old file, and its own error", async () => {
  await writeFile(file, "old");
  const work = withPartialFile(file, async (temporary) => {
    await writeFile(temporary, "half");
    throw new Error("a weight is damaged");
  });
  await expect(work).rejects.toThrow("a weight is damaged");
  expect(await readFile(file, "utf8")).toBe("old");
  expect(await readdir(directory)).toEqual(["file"]);
});
