import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../testing/temporaryDirectory.js";

const run = promisify(execFile);
const shell = process.platform === "win32";
const here = `${process.platform}-${process.arch}`;

/** Folder of the packages of a release. */
let folder: string;

beforeEach(async () => {
  folder = path.join(temporaryDirectory(), "packages");
  await mkdir(folder);
});

/** Packs a package of no more than its manifest. */
async function packEmpty(manifest: { name: string } & Record<string, unknown>, version = "1.2.3"): Promise<string> {
  const root = path.join(path.dirname(folder), manifest.name.replace("/", "-"));
  await mkdir(root);
  await writeFile(path.join(root, "package.json"), JSON.stringify({ version, ...manifest }));
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root, shell });
  return path.join(folder, stdout.trim());
}

const packPlatform = (platform: string, arch: string, version?: string): Promise<string> =>
  packEmpty({ name: `@mixllm/${platform}-${arch}`, os: [platform], cpu: [arch] }, version);

const list = (...tarballs: string[]): Promise<unknown> =>
  run(process.execPath, [path.join(import.meta.dirname, "listPlatformPackages.js"), ...tarballs]);

async function manifestOf(tarball: string): Promise<unknown> {
  return JSON.parse((await run("tar", ["-xzOf", tarball, "package/package.json"])).stdout);
}

test("lists the platform packages that were made, each at its exact version, and leaves the rest as it is", async () => {
  const manifest = { name: "mixllm", version: "1.2.3", dependencies: { chalk: "^5.6.2" } };
  const root = await packEmpty(manifest);
  await list(root, await packPlatform("linux", "x64"), await packPlatform("win32", "x64"));
  expect(await manifestOf(root)).toEqual({
    ...manifest,
    optionalDependencies: { "@mixllm/linux-x64": "1.2.3", "@mixllm/win32-x64": "1.2.3" }
  });
});

test("refuses a platform package of another version, and leaves the tarball as it is", async () => {
  const root = await packEmpty({ name: "mixllm" });
  const before = await readFile(root);
  await expect(list(root, await packPlatform("linux", "x64", "1.2.2"))).rejects.toThrow(
    /mixllm-linux-x64-1\.2\.2\.tgz is of version 1\.2\.2, and .*mixllm-1\.2\.3\.tgz of 1\.2\.3/
  );
  expect(await readFile(root)).toEqual(before);
});

test("installed by name, it brings the platform package that fits and no other", async () => {
  const root = await packEmpty({ name: "mixllm" });
  const elsewhere = process.platform === "linux" ? "win32" : "linux";
  await list(
    root,
    await packPlatform(process.platform, process.arch),
    await packPlatform(process.platform, process.arch === "x64" ? "arm64" : "x64"),
    await packPlatform(elsewhere, process.arch)
  );
  const app = temporaryDirectory();
  await writeFile(path.join(app, "package.json"), "{}");
  const registry = path.join(import.meta.dirname, "registry.js");
  const npm = ["npm", "install", "--no-fund", "--no-audit", "--cache", path.join(app, "cache"), "mixllm"];
  await run(process.execPath, [registry, folder, ...npm], { cwd: app });
  expect(await readdir(path.join(app, "node_modules", "@mixllm"))).toEqual([here]);
});
