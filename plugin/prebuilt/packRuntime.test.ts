import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { packageVersion } from "../../common/package.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { nodeLlamaCpp } from "../runtime/nodeLlamaCpp.js";
import { packRuntime } from "./packRuntime.js";
import { TARGETS } from "./targets.js";

const run = promisify(execFile);
const KEY = "0123456789abcdef";

/** Packs a runtime of these files and unpacks the package. */
async function packed(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const target = TARGETS[name];
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const root = temporaryDirectory();
  const directory = path.join(root, "build");
  const workDirectory = path.join(root, "work");
  const outputDirectory = path.join(root, "made", "packages");
  await mkdir(path.join(directory, "Release"), { recursive: true });
  await mkdir(path.join(workDirectory, "llama.cpp"), { recursive: true });
  await writeFile(path.join(workDirectory, "llama.cpp", "LICENSE"), "MIT");
  await writeFile(path.join(directory, "buildDone.status"), "");
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(directory, "Release", file), text);
  const description = { key: KEY, workDirectory, nodeLlamaCpp: nodeLlamaCpp() };
  const tarball = await packRuntime({ target, description, directory, outputDirectory });
  expect(tarball).toBe(path.join(outputDirectory, `mixllm-${name}-${packageVersion}.tgz`));
  await run("tar", ["-xzf", tarball, "-C", root]);
  return path.join(root, "package");
}

const json = async (folder: string, file: string): Promise<unknown> =>
  JSON.parse(await readFile(path.join(folder, file), "utf8"));

test.each(["arm64", "x64"])("for macOS on %s it names the system, and no C library", async (arch) => {
  const files = ["llama-addon.node", "libmixllm-llama.dylib", "libggml-cpu-apple_m1.so"];
  const folder = await packed(`darwin-${arch}`, Object.fromEntries(files.map((file) => [file, "\0GLIBC_2.9\0"])));
  expect(await json(folder, "package.json")).toEqual({
    name: `@mixllm/darwin-${arch}`,
    version: packageVersion,
    description: `The runtime of mixllm for darwin ${arch}`,
    license: "MIT",
    os: ["darwin"],
    cpu: [arch],
    preferUnplugged: true
  });
  expect(await json(folder, "runtime.json")).toEqual({ key: KEY, platform: "darwin", arch, macos: "14.0" });
  expect((await readdir(path.join(folder, "Release"))).sort()).toEqual([...files].sort());
  expect((await readdir(folder)).sort()).toEqual([
    "LICENSE",
    "LICENSE.llama.cpp",
    "LICENSE.node-llama-cpp",
    "README.md",
    "Release",
    "buildDone.status",
    "package.json",
    "runtime.json"
  ]);
});

test("for Linux it names the libraries whose symbols are used", async () => {
  const folder = await packed("linux-x64", {
    "llama-addon.node": "\0GLIBC_2.9\0",
    "libmixllm-llama.so": "\0GLIBC_2.34\0GLIBCXX_3.4.30\0"
  });
  expect(await json(folder, "package.json")).toMatchObject({ os: ["linux"], cpu: ["x64"], libc: ["glibc"] });
  expect(await json(folder, "runtime.json")).toEqual({
    key: KEY,
    platform: "linux",
    arch: "x64",
    glibc: "2.34",
    glibcxx: "3.4.30"
  });
});
