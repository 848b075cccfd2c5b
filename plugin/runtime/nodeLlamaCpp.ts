import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Llama, LlamaOptions } from "node-llama-cpp";
import { NodeLlamaCppVersionError } from "../errors.js";
import { packageRoot } from "../../common/package.js";
import type { RuntimeGpu } from "./RuntimeGpu.js";

/**
 * The one place that reaches into node-llama-cpp past its public API.
 *
 * node-llama-cpp has no API to register a finished build, so this computes the folder where its `getLlama` will look,
 * with its own functions, and gives access to the llama.cpp sources that it ships. All of it may change with any
 * release of node-llama-cpp; `nodeLlamaCpp()` refuses every version but the exact one of our peer dependency.
 */
export interface NodeLlamaCpp {
  readonly version: string;
  /** The package's own folder. */
  readonly directory: string;
  /** Sources of its addon and patches it applies to llama.cpp, relative to `directory`. */
  readonly sourceEntries: readonly string[];
  /** Git bundle with the llama.cpp sources of `llamaCppRelease`. */
  readonly sourceBundle: string;
  /** Patches it applies to llama.cpp, in order. */
  readonly patchFolder: string;
  /** Release of llama.cpp it is made for, such as `v0.5.0`. */
  readonly llamaCppRelease: string;
  /** Name of the metadata file that must lie beside a build's `llama-addon.node`. */
  readonly metadataFileName: string;
  /** Folder of local builds, one subfolder a build. */
  readonly localBuildsDirectory: string;
  /** Content of the metadata file for a build marked with `marker`. */
  readonly buildMetadata: (gpu: RuntimeGpu, marker: Readonly<Record<string, string>>) => Promise<string>;
  /** Name of the subfolder in which `getLlama` looks when it is called with `cmakeOptions: marker` in this process. */
  readonly buildFolderName: (gpu: RuntimeGpu, marker: Readonly<Record<string, string>>) => Promise<string>;
  readonly getLlama: (options: LlamaOptions) => Promise<Llama>;
}

/**
 * Finds the installed node-llama-cpp.
 *
 * @param root folder of the package whose node-llama-cpp it is
 * @throws {NodeLlamaCppVersionError} it is missing or not the required release
 */
export function nodeLlamaCpp(root: string = packageRoot): NodeLlamaCpp {
  const required = requiredVersion(root);
  const directory = findDirectory(root, required);
  const version = (readJson(path.join(directory, "package.json")) as { version: string }).version;
  if (version !== required) throw new NodeLlamaCppVersionError(required, version);
  const llamaDirectory = path.join(directory, "llama");
  const release = readJson(path.join(llamaDirectory, "binariesGithubRelease.json")) as { release: string };

  return {
    version,
    directory,
    sourceEntries: ["llama/addon", "llama/patches"],
    sourceBundle: path.join(llamaDirectory, "gitRelease.bundle"),
    patchFolder: path.join(llamaDirectory, "patches"),
    llamaCppRelease: release.release,
    metadataFileName: "_nlcBuildMetadata.json",
    localBuildsDirectory: path.join(llamaDirectory, "localBuilds"),
    buildMetadata: async (gpu, marker) =>
      JSON.stringify({
        buildOptions: { ...(await buildOptions(directory, gpu, marker)), customCmakeOptions: marker }
      }),
    buildFolderName: async (gpu, marker) => {
      const { getBuildFolderNameForBuildOptions } = await internal<BuildFolderNameModule>(
        directory,
        "bindings/utils/getBuildFolderNameForBuildOptions.js"
      );
      const names = await getBuildFolderNameForBuildOptions(await buildOptions(directory, gpu, marker));
      return names.withCustomCmakeOptions;
    },
    getLlama: async (options) => (await import("node-llama-cpp")).getLlama(options)
  };
}

interface BuildFolderNameModule {
  getBuildFolderNameForBuildOptions: (options: unknown) => Promise<{ withCustomCmakeOptions: string }>;
}
interface CustomCmakeOptionsModule {
  resolveCustomCmakeOptions: (options: Readonly<Record<string, string>>) => Map<string, string>;
}
interface ClonedRepoModule {
  getClonedLlamaCppRepoReleaseInfo: () => Promise<{ tag: string; llamaCppGithubRepo: string } | null>;
}
interface PlatformModule {
  getPlatform: () => string;
}
interface PlatformInfoModule {
  getPlatformInfo: () => Promise<{ name: string; version: string }>;
}
interface ConfigModule {
  builtinLlamaCppGitHubRepo: string;
}
interface ReleaseModule {
  builtinLlamaCppRelease: string;
}

/**
 * What node-llama-cpp itself derives from the options of `getLlama`. Environment variables (`GGML_*` and
 * `NODE_LLAMA_CPP_CMAKE_OPTION_*`) and a llama.cpp that the user cloned into the package take part in it.
 */
async function buildOptions(directory: string, gpu: RuntimeGpu, marker: Readonly<Record<string, string>>) {
  const { resolveCustomCmakeOptions } = await internal<CustomCmakeOptionsModule>(
    directory,
    "bindings/utils/resolveCustomCmakeOptions.js"
  );
  const { getClonedLlamaCppRepoReleaseInfo } = await internal<ClonedRepoModule>(
    directory,
    "bindings/utils/cloneLlamaCppRepo.js"
  );
  const { getPlatform } = await internal<PlatformModule>(directory, "bindings/utils/getPlatform.js");
  const { getPlatformInfo } = await internal<PlatformInfoModule>(directory, "bindings/utils/getPlatformInfo.js");
  const { builtinLlamaCppGitHubRepo } = await internal<ConfigModule>(directory, "config.js");
  const { builtinLlamaCppRelease } = await internal<ReleaseModule>(
    directory,
    "bindings/utils/binariesGithubRelease.js"
  );
  const cloned = await getClonedLlamaCppRepoReleaseInfo();
  return {
    customCmakeOptions: resolveCustomCmakeOptions(marker),
    progressLogs: false,
    platform: getPlatform(),
    platformInfo: await getPlatformInfo(),
    arch: process.arch,
    gpu,
    llamaCpp: {
      repo: cloned?.llamaCppGithubRepo ?? builtinLlamaCppGitHubRepo,
      release: cloned?.tag ?? builtinLlamaCppRelease
    }
  };
}

/** Imports a file of node-llama-cpp's `dist/` by path: the same module instance that its own code uses. */
async function internal<T>(directory: string, file: string): Promise<T> {
  return (await import(pathToFileURL(path.join(directory, "dist", file)).href)) as T;
}

function requiredVersion(root: string): string {
  const ours = readJson(path.join(root, "package.json")) as { peerDependencies: Record<string, string> };
  return ours.peerDependencies["node-llama-cpp"] ?? "";
}

function findDirectory(root: string, required: string): string {
  try {
    // dist/index.js; the package does not export its package.json.
    const entry = createRequire(path.join(root, "package.json")).resolve("node-llama-cpp");
    return path.dirname(path.dirname(entry));
  } catch {
    throw new NodeLlamaCppVersionError(required, undefined);
  }
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
