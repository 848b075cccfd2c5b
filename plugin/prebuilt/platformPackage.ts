import { readFile, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { packageRoot, packageVersion } from "../../common/package.js";
import { isFinishedBuild } from "../runtime/buildCache.js";
import { describePortableRuntime } from "../runtime/describeRuntime.js";
import { gnuLibraries, newestSymbols } from "../machine/gnuLibraries.js";
import { isOlder } from "../machine/isOlder.js";
import { macosVersion } from "../machine/macosVersion.js";
import { TARGETS } from "./targets.js";

/** What a platform package says of the runtime in it, in its `runtime.json`. */
export interface PlatformManifest {
  /** Key of the runtime, as of one that is built on the machine. */
  readonly key: string;
  readonly platform: string;
  readonly arch: string;
  /** The least version of the GNU C library that it runs on; absent where that does not matter. */
  readonly glibc?: string;
  /** The least version of the symbols of GNU's C++ library that it runs on, such as 3.4.30; absent where that does not matter. */
  readonly glibcxx?: string;
  /** The least version of macOS that it runs on; absent elsewhere. */
  readonly macos?: string;
}

/** Name of the package with a runtime for this kind of machine; `undefined` where there can be none. */
export function platformPackageName(platform = process.platform, arch: string = process.arch): string | undefined {
  const name = `${platform}-${arch}`;
  return Object.hasOwn(TARGETS, name) ? `@mixllm/${name}` : undefined;
}

/** A platform package that is or is not there. */
export interface PlatformPackage {
  readonly name: string;
  /** Real path of its folder, where it is installed. */
  readonly directory?: string;
  /** Key of the runtime that it holds, where that runs here. */
  readonly key?: string;
  /** Why it does not, in words that go on after its name. */
  readonly misfit?: string;
}

/**
 * Looks for a runtime in the installed packages, made elsewhere, that fits this package, node-llama-cpp and this machine.
 *
 * @param root folder of the package beside which it is installed
 * @returns `undefined` where there can be none
 * @throws {NodeLlamaCppVersionError} node-llama-cpp is missing or not the required release
 */
export async function findPlatformPackage(root = packageRoot): Promise<PlatformPackage | undefined> {
  const name = platformPackageName();
  const target = TARGETS[`${process.platform}-${process.arch}`];
  if (name === undefined || target === undefined) return undefined;
  // Node remembers folders that have gone since.
  const found = await realpath(findFolder(name, root) ?? "").catch(() => undefined);
  if (found === undefined) return { name, misfit: "is not installed" };
  const directory = unpacked(found);
  const manifest = await readManifest(directory);
  if (manifest === undefined)
    return { name, directory, misfit: `has no runtime.json that can be read, in ${directory}` };
  if (manifest.platform !== process.platform || manifest.arch !== process.arch)
    return {
      name,
      directory,
      misfit: `is made for ${manifest.platform} ${manifest.arch}, and this is ${process.platform} ${process.arch}`
    };
  const system = (await libraryMisfit(manifest)) ?? (await macosMisfit(manifest));
  if (system !== undefined) return { name, directory, misfit: system };
  const { key, addons } = await describePortableRuntime(target);
  if (manifest.key !== key)
    return {
      name,
      directory,
      misfit: `is not made of the sources of mixllm ${packageVersion} (${manifest.key}, not ${key})`
    };
  if (!(await isFinishedBuild({ directory, addons })))
    return { name, directory, misfit: `is not whole, in ${directory}` };
  return { name, directory, key };
}

function findFolder(name: string, root: string): string | undefined {
  try {
    return path.dirname(createRequire(path.join(root, "package.json")).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** Where a file of an Electron app's archive is that the operating system can load. */
function unpacked(directory: string): string {
  return directory.replace(/\.asar(?=[\\/])/, ".asar.unpacked");
}

async function readManifest(directory: string): Promise<PlatformManifest | undefined> {
  try {
    const value = JSON.parse(await readFile(path.join(directory, "runtime.json"), "utf8")) as Record<string, unknown>;
    const { key, platform, arch, glibc, glibcxx, macos } = value;
    if (typeof key !== "string" || typeof platform !== "string" || typeof arch !== "string") return undefined;
    if (glibc !== undefined && typeof glibc !== "string") return undefined;
    if (glibcxx !== undefined && typeof glibcxx !== "string") return undefined;
    if (macos !== undefined && typeof macos !== "string") return undefined;
    return {
      key,
      platform,
      arch,
      ...(glibc === undefined ? {} : { glibc }),
      ...(glibcxx === undefined ? {} : { glibcxx }),
      ...(macos === undefined ? {} : { macos })
    };
  } catch {
    return undefined;
  }
}

/** Why the C and C++ libraries here are not those that a runtime runs on. */
async function libraryMisfit({ glibc, glibcxx }: PlatformManifest): Promise<string | undefined> {
  if (glibc === undefined) return undefined;
  const here = gnuLibraries();
  const needs = `needs the GNU C library ${glibc} or newer`;
  if (here.glibc === undefined) return `${needs}, and this system has another C library`;
  if (isOlder(here.glibc, glibc)) return `${needs}, and here it is ${here.glibc}`;
  if (glibcxx === undefined || here.cxxLibrary === undefined) return undefined;
  const cxx = await newestSymbols("GLIBCXX", [here.cxxLibrary]);
  return cxx !== undefined && isOlder(cxx, glibcxx)
    ? `needs GNU's C++ library with GLIBCXX_${glibcxx}, and ${here.cxxLibrary} ends with GLIBCXX_${cxx}`
    : undefined;
}

/** Why this macOS is not one that a runtime runs on. */
async function macosMisfit({ macos }: PlatformManifest): Promise<string | undefined> {
  if (macos === undefined) return undefined;
  const here = await macosVersion();
  return here !== undefined && isOlder(here, macos)
    ? `needs macOS ${macos} or newer, and here it is ${here}`
    : undefined;
}
