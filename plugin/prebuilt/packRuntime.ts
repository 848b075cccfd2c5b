import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { MixLlmError } from "../../common/errors.js";
import { packageRoot, packageVersion } from "../../common/package.js";
import { newestSymbols } from "../machine/gnuLibraries.js";
import { binaryDirectory } from "../runtime/buildCache.js";
import type { RuntimeDescription } from "../runtime/describeRuntime.js";
import type { PlatformManifest } from "./platformPackage.js";
import type { Target } from "./targets.js";

const run = promisify(execFile);

/** What is linked to on Windows, and not loaded. */
const IMPORT_LIBRARY = /\.(dll\.a|lib)$/;

/**
 * Packs a finished runtime as the package of its kind of machine.
 *
 * @param options.directory folder of the runtime
 * @param options.outputDirectory folder in which the tarball comes to lie, which is made when it is not there
 * @returns path of the tarball
 * @throws {MixLlmError} npm cannot pack it
 */
export async function packRuntime(options: {
  target: Target;
  description: Pick<RuntimeDescription, "key" | "workDirectory" | "nodeLlamaCpp">;
  directory: string;
  outputDirectory: string;
}): Promise<string> {
  const { target, description, directory, outputDirectory } = options;
  const { platform, arch, cross } = target;
  const name = `@mixllm/${platform}-${arch}`;
  const folder = await mkdtemp(path.join(os.tmpdir(), "mixllm-package-"));
  try {
    await cp(binaryDirectory(directory), binaryDirectory(folder), {
      recursive: true,
      filter: (file) => !IMPORT_LIBRARY.test(file)
    });
    await cp(path.join(directory, "buildDone.status"), path.join(folder, "buildDone.status"));
    await copyLicenses(description, folder);
    if (cross?.license !== undefined && platform !== process.platform)
      await cp(cross.license, path.join(folder, "LICENSE.mingw-w64"));
    const needs = await neededSystem(target, binaryDirectory(folder));
    const manifest: PlatformManifest = { key: description.key, platform, arch, ...needs };
    await writeJson(path.join(folder, "runtime.json"), manifest);
    await writeJson(path.join(folder, "package.json"), {
      name,
      version: packageVersion,
      description: `The runtime of mixllm for ${platform} ${arch}`,
      license: "MIT",
      os: [platform],
      cpu: [arch],
      ...(needs.glibc === undefined ? {} : { libc: ["glibc"] }),
      preferUnplugged: true
    });
    await writeFile(path.join(folder, "README.md"), readme(name));
    await mkdir(outputDirectory, { recursive: true });
    return path.join(outputDirectory, await pack(folder, path.resolve(outputDirectory)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The licenses of all that is compiled into it. */
async function copyLicenses(
  { workDirectory, nodeLlamaCpp }: Pick<RuntimeDescription, "workDirectory" | "nodeLlamaCpp">,
  folder: string
): Promise<void> {
  await cp(path.join(packageRoot, "LICENSE"), path.join(folder, "LICENSE"));
  await cp(path.join(workDirectory, "llama.cpp", "LICENSE"), path.join(folder, "LICENSE.llama.cpp"));
  await cp(path.join(nodeLlamaCpp.directory, "LICENSE"), path.join(folder, "LICENSE.node-llama-cpp"));
}

/** What it runs on: the C and C++ libraries of Linux, by the symbols that it uses, or the macOS that it is compiled for. */
async function neededSystem(
  { platform, cmakeOptions }: Target,
  directory: string
): Promise<Pick<PlatformManifest, "glibc" | "glibcxx" | "macos">> {
  const macos = cmakeOptions["CMAKE_OSX_DEPLOYMENT_TARGET"];
  if (macos !== undefined) return { macos };
  if (platform !== "linux") return {};
  const files = (await readdir(directory)).map((file) => path.join(directory, file));
  const glibc = await newestSymbols("GLIBC", files);
  const glibcxx = await newestSymbols("GLIBCXX", files);
  return { ...(glibc === undefined ? {} : { glibc }), ...(glibcxx === undefined ? {} : { glibcxx }) };
}

function readme(name: string): string {
  return `# ${name}

The runtime of [mixllm](https://www.npmjs.com/package/mixllm) ${packageVersion}, built. mixllm finds it beside itself; on its own it is of no use.
`;
}

async function pack(folder: string, outputDirectory: string): Promise<string> {
  try {
    const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", outputDirectory];
    const { stdout } = await run("npm", args, { cwd: folder, shell: process.platform === "win32" });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    return filename;
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string };
    throw new MixLlmError(`npm cannot pack the runtime: ${stderr.trim()}`, { cause: error });
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, undefined, 2)}\n`);
}
