import { lstat, mkdir, readdir, readlink, realpath, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { RuntimeLinkError } from "../errors.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { linkIntoNodeLlamaCpp } from "./linkIntoNodeLlamaCpp.js";
import { nodeLlamaCpp, type NodeLlamaCpp } from "./nodeLlamaCpp.js";
import type { Runtime } from "./ensureRuntime.js";

async function setUp(): Promise<{ runtime: Runtime; target: NodeLlamaCpp; link: string; cache: string }> {
  const root = await realpath(temporaryDirectory());
  const cache = path.join(root, "cache");
  vi.stubEnv("MIXLLM_CACHE_DIR", cache);
  const directory = path.join(cache, "builds", "linux-x64-cpu-abc");
  await mkdir(path.join(directory, "Release"), { recursive: true });
  const runtime: Runtime = { key: "abc", gpu: false, directory, binaryDirectory: path.join(directory, "Release") };
  const target = { ...nodeLlamaCpp(), localBuildsDirectory: path.join(root, "llama", "localBuilds") };
  const name = await target.buildFolderName(false, { MIXLLM: "abc" });
  return { runtime, target, link: path.join(target.localBuildsDirectory, name), cache };
}

test("links the build, once and again", async () => {
  const { runtime, target, link } = await setUp();
  await linkIntoNodeLlamaCpp(runtime, target);
  expect(await readlink(link)).toBe(runtime.directory);
  await linkIntoNodeLlamaCpp(runtime, target);
  expect(await readdir(target.localBuildsDirectory)).toEqual([path.basename(link)]);
});

test("several processes at the same time do not disturb each other", async () => {
  const { runtime, target, link } = await setUp();
  await Promise.all([linkIntoNodeLlamaCpp(runtime, target), linkIntoNodeLlamaCpp(runtime, target)]);
  expect(await realpath(link)).toBe(runtime.directory);
});

test("replaces a link that leads elsewhere and a folder in its place", async () => {
  const { runtime, target, link, cache } = await setUp();
  await mkdir(target.localBuildsDirectory, { recursive: true });
  await symlink(cache, link);
  await linkIntoNodeLlamaCpp(runtime, target);
  expect(await realpath(link)).toBe(runtime.directory);
  await rm(link);
  await mkdir(path.join(link, "Release"), { recursive: true });
  await linkIntoNodeLlamaCpp(runtime, target);
  expect(await realpath(link)).toBe(runtime.directory);
});

test("removes links to builds of ours that are gone and leaves everything else", async () => {
  const { runtime, target, cache } = await setUp();
  await mkdir(path.join(target.localBuildsDirectory, "linux-x64"), { recursive: true });
  await symlink(path.join(cache, "builds", "gone"), path.join(target.localBuildsDirectory, "ours"));
  await symlink("/nowhere", path.join(target.localBuildsDirectory, "theirs"));
  await linkIntoNodeLlamaCpp(runtime, target);
  const names = await readdir(target.localBuildsDirectory);
  expect(names).toContain("linux-x64");
  expect(names).toContain("theirs");
  expect(names).not.toContain("ours");
});

test("says what to do when node_modules cannot be written", async () => {
  const { runtime, target } = await setUp();
  await writeFile(path.dirname(target.localBuildsDirectory), "a file, so that no folder can be made in it");
  const failure = linkIntoNodeLlamaCpp(runtime, target);
  await expect(failure).rejects.toThrow(RuntimeLinkError);
  await expect(failure).rejects.toThrow(target.localBuildsDirectory);
  await expect(failure).rejects.toMatchObject({ fix: expect.stringContaining("npx mixllm build") as unknown });
});

test("needs no write when the link is there", async () => {
  const { runtime, target, link } = await setUp();
  await linkIntoNodeLlamaCpp(runtime, target);
  const before = await lstat(link);
  await linkIntoNodeLlamaCpp(runtime, target);
  expect((await lstat(link)).ino).toBe(before.ino);
});
