import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { MixLlmError } from "../../common/errors.js";
import { packageRoot, packageVersion } from "../../common/package.js";
import { findProgram } from "../../common/processes.js";
import { MissingBuildToolsError } from "../errors.js";
import { assertBuildTools } from "../runtime/assertBuildTools.js";
import { binaryDirectory } from "../runtime/buildCache.js";
import { buildRuntime } from "../runtime/buildRuntime.js";
import { describePortableRuntime, type RuntimeDescription } from "../runtime/describeRuntime.js";
import { ensureBuild } from "../runtime/ensureBuild.js";
import { newestSymbols } from "../machine/gnuLibraries.js";
import type { PlatformManifest } from "./platformPackage.js";
import { TARGETS } from "./targets.js";

const run = promisify(execFile);

/** What is linked to on Windows, and not loaded. */
const IMPORT_LIBRARY = /\.(dll\.a|lib)$/;

/**
 * Builds the runtime for every machine of a kind and packs it as `@mixllm/<target>`.
 *
 * @param options.target name of the kind of machine, one of `TARGETS`
 * @param options.outputDirectory folder in which the tarball comes to lie, which is made when it is not there
 * @returns path of the tarball
 * @throws what `ensureRuntime` throws
 * @throws {MixLlmError} npm cannot pack it
 */
export async function makePlatformPackage(options: {
  target: string;
  outputDirectory: string;
  quiet: boolean;
}): Promise<string> {
  const target = TARGETS[options.target];
  if (target === undefined) throw new TypeError(`there is no target ${options.target}`);
  const { description, directory } = await ensureBuild<RuntimeDescription>(
    {
      describe: () => describePortableRuntime(target),
      assertBuildable: async ({ title, cmakeOptions }) => {
        await assertBuildTools(title, ["compiler", "cmake", "make", "git"], false);
        const compiler = cmakeOptions["CMAKE_CXX_COMPILER"];
        if (compiler !== undefined && (await findProgram(compiler)) === undefined)
          throw new MissingBuildToolsError(title, [`${compiler} (Debian's ${target.crossPackage})`], undefined);
      },
      build: buildRuntime
    },
    options
  );
  const folder = await mkdtemp(path.join(os.tmpdir(), "mixllm-package-"));
  try {
    await cp(binaryDirectory(directory), binaryDirectory(folder), {
      recursive: true,
      filter: (file) => !IMPORT_LIBRARY.test(file)
    });
    await cp(path.join(directory, "buildDone.status"), path.join(folder, "buildDone.status"));
    await copyLicenses(description, folder);
    if (target.crossLicense !== undefined && target.platform !== process.platform)
      await cp(target.crossLicense, path.join(folder, "LICENSE.mingw-w64"));
    const needs = target.platform === "linux" ? await neededLibraries(binaryDirectory(folder)) : {};
    const manifest: PlatformManifest = {
      key: description.key,
      platform: target.platform,
      arch: target.arch,
      ...needs
    };
    await writeJson(path.join(folder, "runtime.json"), manifest);
    await writeJson(path.join(folder, "package.json"), {
      name: `@mixllm/${options.target}`,
      version: packageVersion,
      description: `The runtime of mixllm for ${target.platform} ${target.arch}`,
      license: "MIT",
      os: [target.platform],
      cpu: [target.arch],
      ...(needs.glibc === undefined ? {} : { libc: ["glibc"] }),
      preferUnplugged: true
    });
    await writeFile(path.join(folder, "README.md"), readme(options.target));
    await mkdir(options.outputDirectory, { recursive: true });
    return path.join(options.outputDirectory, await pack(folder, path.resolve(options.outputDirectory)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The licenses of all that is compiled into it. */
async function copyLicenses({ workDirectory, nodeLlamaCpp }: RuntimeDescription, folder: string): Promise<void> {
  await cp(path.join(packageRoot, "LICENSE"), path.join(folder, "LICENSE"));
  await cp(path.join(workDirectory, "llama.cpp", "LICENSE"), path.join(folder, "LICENSE.llama.cpp"));
  await cp(path.join(nodeLlamaCpp.directory, "LICENSE"), path.join(folder, "LICENSE.node-llama-cpp"));
}

async function neededLibraries(directory: string): Promise<Pick<PlatformManifest, "glibc" | "glibcxx">> {
  const files = (await readdir(directory)).map((name) => path.join(directory, name));
  const glibc = await newestSymbols("GLIBC", files);
  const glibcxx = await newestSymbols("GLIBCXX", files);
  return { ...(glibc === undefined ? {} : { glibc }), ...(glibcxx === undefined ? {} : { glibcxx }) };
}

function readme(target: string): string {
  return `# @mixllm/${target}

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
