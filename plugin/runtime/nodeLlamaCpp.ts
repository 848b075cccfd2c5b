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
 * node-llama-cpp has no API to take an addon that was not built by itself, so this makes the `Llama` as its `getLlama`
 * does, with its own classes, and gives access to the llama.cpp sources that it ships. All of it may change with any
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
}

/** Options of `getLlama` that hold for a `Llama` on an addon that is there, whoever built it. */
export type LlamaSettings = Pick<
  LlamaOptions,
  "logLevel" | "logger" | "maxThreads" | "vramPadding" | "ramPadding" | "debug" | "numa" | "dryRun" | "experimental"
>;

/**
 * Finds the installed node-llama-cpp.
 *
 * @param root folder of the package whose node-llama-cpp it is
 * @throws {NodeLlamaCppVersionError} it is missing or not the required release
 */
export function nodeLlamaCpp(root: string = packageRoot): NodeLlamaCpp {
  return nodeLlamaCppIn(findDirectory(root, requiredVersion(root)), root);
}

/**
 * The node-llama-cpp in a folder.
 *
 * @param root folder of the package that says which release is required
 * @throws {NodeLlamaCppVersionError} it is not the required release
 */
export function nodeLlamaCppIn(directory: string, root: string = packageRoot): NodeLlamaCpp {
  const required = requiredVersion(root);
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
    llamaCppRelease: release.release
  };
}

interface LlamaModule {
  Llama: {
    defaultConsoleLogger: NonNullable<LlamaOptions["logger"]>;
    _create: (options: Record<string, unknown>) => Promise<Llama>;
  };
}
interface GetLlamaModule {
  defaultLlamaVramPadding: NonNullable<LlamaOptions["vramPadding"]>;
  defaultLlamaRamPadding: NonNullable<LlamaOptions["ramPadding"]>;
}
interface ConfigModule {
  builtinLlamaCppGitHubRepo: string;
  defaultLlamaCppGpuSupport: NonNullable<LlamaOptions["gpu"]>;
  defaultLlamaCppLogLevel: NonNullable<LlamaOptions["logLevel"]>;
  defaultLlamaCppDebugMode: boolean;
}

/**
 * Makes a `Llama` on an addon that was built elsewhere, with the defaults that `getLlama` has.
 *
 * @param release the node-llama-cpp whose classes it consists of
 * @param addon.file path of its llama-addon.node, which lies beside the libraries
 * @param addon.cmakeOptions what the `Llama` says that it was built with
 */
export async function createLlama(
  release: NodeLlamaCpp,
  addon: { file: string; gpu: RuntimeGpu; cmakeOptions: Readonly<Record<string, string>> },
  settings: LlamaSettings
): Promise<Llama> {
  const { directory } = release;
  const { Llama } = await internal<LlamaModule>(directory, "bindings/Llama.js");
  const { defaultLlamaVramPadding, defaultLlamaRamPadding } = await internal<GetLlamaModule>(
    directory,
    "bindings/getLlama.js"
  );
  const config = await internal<ConfigModule>(directory, "config.js");
  const { dryRun = false } = settings;
  const llama = await Llama._create({
    bindings: loadAfresh(addon.file),
    bindingPath: addon.file,
    buildType: "localBuild",
    buildMetadata: {
      buildOptions: {
        gpu: addon.gpu,
        customCmakeOptions: addon.cmakeOptions,
        llamaCpp: { repo: config.builtinLlamaCppGitHubRepo, release: release.llamaCppRelease }
      }
    },
    logLevel: settings.logLevel ?? config.defaultLlamaCppLogLevel,
    logger: settings.logger ?? Llama.defaultConsoleLogger,
    maxThreads: settings.maxThreads,
    vramPadding: settings.vramPadding ?? defaultLlamaVramPadding,
    ramPadding: settings.ramPadding ?? defaultLlamaRamPadding,
    debug: settings.debug ?? config.defaultLlamaCppDebugMode,
    numa: settings.numa ?? false,
    tempDir: false,
    skipLlamaInit: dryRun,
    experimentalOptions: settings.experimental
  });
  if (dryRun) await llama.dispose();
  return llama;
}

/**
 * Has node-llama-cpp put layers on devices that it does not know as a kind of GPU, and plan with their memory: it asks the addon
 * for the devices' memory whatever their kind, but leaves all layers on the CPU where `gpu` is `false`.
 */
export function offload(llama: Llama): void {
  (llama as unknown as { _gpu: string })._gpu = "rpc";
}

/** The kind of GPU that `getLlama` takes where an app asks for none, which an environment variable of node-llama-cpp decides. */
export async function defaultGpu(release: NodeLlamaCpp): Promise<NonNullable<LlamaOptions["gpu"]>> {
  return (await internal<ConfigModule>(release.directory, "config.js")).defaultLlamaCppGpuSupport;
}

/** Loads an addon as an instance of its own: each `Llama` sets the logger of its instance. */
function loadAfresh(file: string): unknown {
  const require = createRequire(import.meta.url);
  const forget = () => Reflect.deleteProperty(require.cache, require.resolve(file));
  forget();
  try {
    return require(file);
  } finally {
    forget();
  }
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
