import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { macosVersion } from "../machine/macosVersion.js";
import { describePortableRuntime } from "../runtime/describeRuntime.js";
import { findPlatformPackage, platformPackageName } from "./platformPackage.js";
import { TARGETS } from "./targets.js";

const target = TARGETS[`${process.platform}-${process.arch}`];
if (target === undefined) throw new Error("no platform package is made for this machine");
const { key, addons } = await describePortableRuntime(target);
const name = platformPackageName() ?? "";
const MANIFEST = { key, platform: process.platform, arch: process.arch, glibc: "2.17", glibcxx: "3.4.21" };

vi.mock("../machine/macosVersion.js", () => ({ macosVersion: vi.fn(() => Promise.resolve(undefined)) }));

/** Folder of a package beside which the platform package is installed. */
let root: string;
let directory: string;

beforeEach(async () => {
  root = temporaryDirectory();
  directory = path.join(root, "node_modules", name);
  await mkdir(path.join(directory, "Release"), { recursive: true });
  await writeFile(path.join(root, "package.json"), JSON.stringify({ name: "mixllm" }));
  await writeFile(path.join(directory, "package.json"), JSON.stringify({ name, version: "0.0.0" }));
  await writeFile(path.join(directory, "runtime.json"), JSON.stringify(MANIFEST));
  await writeFile(path.join(directory, "buildDone.status"), "");
  for (const addon of addons) await writeFile(path.join(directory, "Release", `${addon}.node`), "no library at all");
});

test("is named after the machine, where there can be one", () => {
  expect(platformPackageName("linux", "x64")).toBe("@mixllm/linux-x64");
  expect(platformPackageName("linux", "arm64")).toBe("@mixllm/linux-arm64");
  expect(platformPackageName("win32", "x64")).toBe("@mixllm/win32-x64");
  expect(platformPackageName("darwin", "arm64")).toBe("@mixllm/darwin-arm64");
  expect(platformPackageName("darwin", "x64")).toBe("@mixllm/darwin-x64");
  expect(platformPackageName("aix", "ppc64")).toBeUndefined();
});

test("is found when it fits", async () => {
  expect(await findPlatformPackage(root)).toEqual({ name, directory, key });
});

test("is found beside a package that a package manager links to", async () => {
  // As pnpm lays them out: each package's dependencies beside its real folder.
  const store = path.join(temporaryDirectory(), ".pnpm", "mixllm@0.1.0", "node_modules");
  await mkdir(path.join(store, "mixllm"), { recursive: true });
  await writeFile(path.join(store, "mixllm", "package.json"), "{}");
  await mkdir(path.join(store, "@mixllm"));
  await symlink(directory, path.join(store, name), "junction");
  expect(await findPlatformPackage(path.join(store, "mixllm"))).toEqual({ name, directory, key });
});

test("is found beside the archive of an Electron app, where what the operating system loads is unpacked", async () => {
  const app = path.join(temporaryDirectory(), "resources");
  const packed = path.join(app, "app.asar", "node_modules");
  const unpacked = path.join(app, "app.asar.unpacked", "node_modules", name);
  await cp(path.join(root, "node_modules"), packed, { recursive: true });
  await cp(directory, unpacked, { recursive: true });
  // As Electron's own fs shows the archive, but that no library can be loaded out of it.
  await rm(path.join(packed, name, "Release"), { recursive: true });
  expect(await findPlatformPackage(path.join(app, "app.asar"))).toEqual({ name, directory: unpacked, key });
});

test.each<[string, unknown, string]>([
  ["other sources", { ...MANIFEST, key: "0123456789abcdef" }, `is not made of the sources of mixllm`],
  ["another platform", { ...MANIFEST, platform: "sunos" }, "is made for sunos"],
  ["another processor", { ...MANIFEST, arch: "mips" }, `is made for ${process.platform} mips`],
  ["a newer C library", { ...MANIFEST, glibc: "2.999" }, "needs the GNU C library 2.999 or newer, and here it is 2."],
  ["a newer C++ library", { ...MANIFEST, glibcxx: "3.4.999" }, "with GLIBCXX_3.4.999, and /"],
  ["a number for a key", { ...MANIFEST, key: 5 }, "has no runtime.json that can be read"],
  ["a number for a C library", { ...MANIFEST, glibc: 2 }, "has no runtime.json that can be read"],
  ["a number for a C++ library", { ...MANIFEST, glibcxx: 3 }, "has no runtime.json that can be read"],
  ["a number for macOS", { ...MANIFEST, macos: 14 }, "has no runtime.json that can be read"],
  ["nothing", null, "has no runtime.json that can be read"]
])("is not used where its manifest says %s", async (_, manifest, misfit) => {
  await writeFile(path.join(directory, "runtime.json"), JSON.stringify(manifest));
  const found = await findPlatformPackage(root);
  expect(found).toMatchObject({ name, directory, misfit: expect.stringContaining(misfit) as unknown });
  expect(found).not.toHaveProperty("key");
});

test("is not used without its manifest, its addon or its mark of wholeness", async () => {
  await rm(path.join(directory, "buildDone.status"));
  expect(await findPlatformPackage(root)).toMatchObject({ misfit: expect.stringContaining("is not whole") as unknown });
  await writeFile(path.join(directory, "buildDone.status"), "");
  await rm(path.join(directory, "Release", "llama-addon.node"));
  expect(await findPlatformPackage(root)).toMatchObject({ misfit: expect.stringContaining("is not whole") as unknown });
  await rm(path.join(directory, "runtime.json"));
  expect(await findPlatformPackage(root)).toMatchObject({
    misfit: expect.stringContaining("no runtime.json") as unknown
  });
  await rm(directory, { recursive: true });
  expect(await findPlatformPackage(root)).toEqual({ name, misfit: "is not installed" });
});

test.each(["arm64", "x64"] as const)(
  "a Mac with %s takes its own from the macOS on that it is made for",
  async (arch) => {
    const here = { platform: process.platform, arch: process.arch };
    onTestFinished(() => setMachine(here));
    setMachine({ platform: "darwin", arch });
    const macTarget = TARGETS[`darwin-${arch}`];
    if (macTarget === undefined) throw new Error("there is no target for it");
    const { key } = await describePortableRuntime(macTarget);
    const name = `@mixllm/darwin-${arch}`;
    const mac = path.join(root, "node_modules", name);
    await cp(directory, mac, { recursive: true });
    await writeFile(path.join(mac, "package.json"), JSON.stringify({ name, version: "0.0.0" }));
    const manifest = { key, platform: "darwin", arch, macos: "14.0" };
    await writeFile(path.join(mac, "runtime.json"), JSON.stringify(manifest));
    const version = vi.mocked(macosVersion);
    for (const newer of ["14.0", "14.1.1", "26.1", undefined]) {
      version.mockResolvedValueOnce(newer);
      expect(await findPlatformPackage(root)).toEqual({ name, directory: mac, key });
    }
    version.mockResolvedValueOnce("13.7.8");
    const misfit = "needs macOS 14.0 or newer, and here it is 13.7.8";
    expect(await findPlatformPackage(root)).toEqual({ name, directory: mac, misfit });
  }
);

/** Lets the process take itself for one on another machine. */
function setMachine(machine: { platform: string; arch: string }): void {
  for (const [property, value] of Object.entries(machine)) Object.defineProperty(process, property, { value });
}
