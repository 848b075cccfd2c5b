import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { CacheDirectoryError } from "../errors.js";
import { binaryDirectory, type NativeBuild } from "./buildCache.js";
import { type BuildRecipe, ensureBuild } from "./ensureBuild.js";

/** A recipe whose build is an empty addon, in the cache `root`. */
function recipe(
  root: string,
  build?: () => Promise<void>
): BuildRecipe<NativeBuild> & { built: boolean[]; checked: number } {
  const description: NativeBuild = {
    title: "the test's addon",
    key: "0123456789abcdef",
    directory: path.join(root, "builds", "test-0123456789abcdef"),
    addons: ["addon"],
    workDirectory: path.join(root, "work", "test"),
    neededBytes: 1
  };
  const made = {
    built: [] as boolean[],
    checked: 0,
    describe: () => Promise.resolve(description),
    assertBuildable: () => Promise.resolve(void made.checked++),
    build: async (_: NativeBuild, { fromScratch }: { fromScratch: boolean }) => {
      made.built.push(fromScratch);
      await build?.();
      await mkdir(binaryDirectory(description.directory), { recursive: true });
      await writeFile(path.join(binaryDirectory(description.directory), "addon.node"), "");
      await writeFile(path.join(description.directory, "buildDone.status"), "");
    }
  };
  return made;
}

test("builds what is not there, once for all who ask at the same time, and not again", async () => {
  const ours = recipe(temporaryDirectory());
  const [first, second] = await Promise.all([
    ensureBuild(ours, { quiet: true }),
    ensureBuild(ours, { quiet: true }),
    ensureBuild(ours, { quiet: true })
  ]);
  expect(ours).toMatchObject({ built: [false], checked: 1 });
  expect(second).toEqual(first);
  expect(await ensureBuild(ours, { quiet: true })).toEqual(first);
  expect(ours).toMatchObject({ built: [false], checked: 1 });
});

test("builds from scratch when told to, whatever is there", async () => {
  const ours = recipe(temporaryDirectory());
  await ensureBuild(ours, { quiet: true });
  await ensureBuild(ours, { quiet: true, force: true });
  expect(ours.built).toEqual([false, true]);
});

const systemError = (code: string) => Object.assign(new Error(code), { code, syscall: "open" });
const NO_ROOM = /^Free some room, or set .* MIXLLM_CACHE_DIR to a folder on another disk\.$/;
const NOT_OURS = /^Set .* MIXLLM_CACHE_DIR to a folder that you may write to\.$/;

test.each([
  ["ENOSPC", "no space left on the disk", NO_ROOM],
  ["EDQUOT", "your share of the disk is used up", NO_ROOM],
  ["EACCES", "permission denied", NOT_OURS],
  ["EROFS", "the file system is read-only", NOT_OURS]
])("%s says what the remedy is for it", async (code, reason, fix) => {
  const root = temporaryDirectory();
  const failure = ensureBuild(
    recipe(root, () => Promise.reject(systemError(code))),
    { quiet: true }
  );
  await expect(failure).rejects.toThrow(CacheDirectoryError);
  await expect(failure).rejects.toThrow(
    `Cannot build the test's addon in ${path.join(root, "work", "test")}: ${reason}`
  );
  await expect(failure).rejects.toMatchObject({ fix: expect.stringMatching(fix) as unknown });
});

test("so does a cache whose path leads through a file", async () => {
  const root = path.join(temporaryDirectory(), "file");
  await writeFile(root, "");
  await expect(ensureBuild(recipe(root), { quiet: true })).rejects.toMatchObject({
    name: "CacheDirectoryError",
    fix: expect.stringMatching(NOT_OURS) as unknown
  });
});

test("another failure is told as it is", async () => {
  const failure = ensureBuild(
    recipe(temporaryDirectory(), () => Promise.reject(new Error("a bug"))),
    { quiet: true }
  );
  await expect(failure).rejects.toThrow(/^a bug$/);
});
