import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm, statfs } from "node:fs/promises";
import path from "node:path";
import { finished } from "node:stream/promises";
import { CacheDirectoryError, RuntimeBuildError } from "../errors.js";
import { findCudaToolkit } from "../machine/cudaToolkit.js";
import { formatBytes } from "../../common/cli/format.js";
import { type BuildStatus, writeBuildStatus } from "./buildStatus.js";
import { checkGpuProducts } from "./cudaBuild.js";
import { CommandFailure } from "./runLogged.js";
import { compileRuntime } from "./compileProject.js";
import type { RuntimeDescription } from "./describeRuntime.js";
import { type InputFile, listInputFiles, syncFiles } from "./inputFiles.js";
import { neededBytes, publishBuild } from "./buildCache.js";
import { preparePatchedSource } from "./patchedSource.js";
import { summarizeBuildLog } from "./buildLog.js";

/** Share of the work that fetching and patching the sources stands for in the progress. */
const SOURCE_FRACTION = 0.03;
const STATUS_INTERVAL_MS = 1000;

/**
 * Builds a runtime in its work folder and publishes it. The caller holds the work folder's lock.
 *
 * Everything the build reads is first brought into the work folder, changed files only: whatever an earlier build (interrupted, or of an
 * older version) left there is reused as far as CMake finds it up to date.
 *
 * @param options.fromScratch throws that earlier work away first
 * @throws {RuntimeBuildError} a step failed, or the CUDA kernels are wrong on this machine; names the log
 * @throws {CacheDirectoryError} not enough room
 */
export async function buildRuntime(
  description: RuntimeDescription,
  options: {
    fromScratch: boolean;
    signal: AbortSignal;
    onProgress: (fraction: number, step: string) => void;
  }
): Promise<void> {
  const { workDirectory, key, nodeLlamaCpp } = description;
  const { signal } = options;
  const buildDirectory = path.join(workDirectory, "build");
  const projectDirectory = path.join(workDirectory, "package");
  const sourceDirectory = path.join(workDirectory, "llama.cpp");
  const logFile = path.join(workDirectory, "build.log");
  if (options.fromScratch) await rm(buildDirectory, { recursive: true, force: true });
  await assertRoom(workDirectory, neededBytes(description.gpu));

  const log = createWriteStream(logFile);
  // Whatever keeps the log from being written stops the build itself, which then says so.
  log.on("error", () => undefined);
  const status = new StatusWriter(path.join(workDirectory, "status.json"), key, logFile);
  let currentStep = "";
  const report = (fraction: number, step: string) => {
    currentStep = step;
    options.onProgress(fraction, step);
    status.building(fraction, step);
  };
  try {
    report(0, "unpacking and patching llama.cpp");
    await syncFiles(description.packageFiles, projectDirectory, ["node_modules", "package.json"]);
    await preparePatchedSource({
      directory: sourceDirectory,
      sourceBundle: nodeLlamaCpp.sourceBundle,
      patchFolders: [nodeLlamaCpp.patchFolder, path.join(projectDirectory, "patches")],
      sourceKey: await patchedSourceKey(description),
      log,
      signal
    });
    await compileRuntime({
      projectDirectory,
      buildDirectory,
      cmakeOptions: {
        ...description.cmakeOptions,
        ...(description.gpu === "cuda" ? await cudaToolkit() : {}),
        MIXLLM_LLAMA_CPP_DIR: sourceDirectory,
        MIXLLM_NODE_LLAMA_CPP_DIR: nodeLlamaCpp.directory
      },
      log,
      signal,
      onProgress: (fraction, step) => report(SOURCE_FRACTION + fraction * (1 - SOURCE_FRACTION), step)
    });
    const compiledDirectory = path.join(buildDirectory, "Release");
    if (description.gpu === "cuda") {
      report(1, "checking the kernels on the GPU");
      await checkGpuProducts({ compiledDirectory, log, logFile, signal });
    }
    await mkdir(path.dirname(description.directory), { recursive: true });
    await publishBuild({
      compiledDirectory,
      directory: description.directory,
      metadata: {
        fileName: nodeLlamaCpp.metadataFileName,
        content: await nodeLlamaCpp.buildMetadata(description.gpu, { MIXLLM: key })
      }
    });
    await status.end("finished", 1, "finished");
  } catch (error) {
    const failure = signal.aborted
      ? new RuntimeBuildError("Building the MixLLM runtime was interrupted: its lock was lost to another process", {
          logFile,
          details: [],
          fix: "Run the same command again; the work that is done is kept.",
          cause: signal.reason
        })
      : asBuildError(error, currentStep, logFile);
    await status.end("failed", 0, failure.message);
    throw failure;
  } finally {
    log.end();
    await finished(log).catch(() => undefined);
  }
}

/** Identifies the patched sources: the release and the content of every patch, in order. */
async function patchedSourceKey(description: RuntimeDescription): Promise<string> {
  const { nodeLlamaCpp, packageFiles } = description;
  const hash = createHash("sha256").update(`${nodeLlamaCpp.version} ${nodeLlamaCpp.llamaCppRelease}`);
  const patches: InputFile[] = [
    ...(await listInputFiles(nodeLlamaCpp.patchFolder, ["."])),
    ...packageFiles.filter((file) => file.path.startsWith("patches/"))
  ];
  for (const patch of patches) hash.update(`\0${patch.path}\0`).update(await patch.read());
  return hash.digest("hex");
}

/**
 * nvcc need not be on PATH, nor the only one there, and the libraries must be those of its toolkit. Where they lie says nothing
 * about what is built, so it is no part of the runtime's key.
 */
async function cudaToolkit(): Promise<Record<string, string>> {
  const { nvcc } = await findCudaToolkit();
  return nvcc === undefined ? {} : { CMAKE_CUDA_COMPILER: nvcc, CUDAToolkit_ROOT: path.dirname(path.dirname(nvcc)) };
}

function asBuildError(error: unknown, step: string, logFile: string): Error {
  if (error instanceof CommandFailure)
    return new RuntimeBuildError(`Building the MixLLM runtime failed while ${step}`, {
      logFile,
      details: summarizeBuildLog(error.output),
      cause: error
    });
  return error instanceof Error ? error : new Error(String(error));
}

async function assertRoom(directory: string, needed: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < needed)
    throw new CacheDirectoryError(
      directory,
      `it needs about ${formatBytes(needed)} and ${formatBytes(bavail * bsize)} are free`
    );
}

/**
 * Writes the status file at most once a second, one write after the other. A status that cannot be written is no reason to
 * stop building.
 */
class StatusWriter {
  readonly #file: string;
  readonly #key: string;
  readonly #logFile: string;
  #pending: Promise<void> = Promise.resolve();
  #writtenAt = 0;

  constructor(file: string, key: string, logFile: string) {
    this.#file = file;
    this.#key = key;
    this.#logFile = logFile;
  }

  building(fraction: number, step: string): void {
    if (Date.now() - this.#writtenAt < STATUS_INTERVAL_MS) return;
    this.#writtenAt = Date.now();
    void this.#write("building", fraction, step);
  }

  end(state: "finished" | "failed", fraction: number, step: string): Promise<void> {
    return this.#write(state, fraction, step);
  }

  #write(state: BuildStatus["state"], fraction: number, step: string): Promise<void> {
    this.#pending = this.#pending.then(() =>
      writeBuildStatus(this.#file, {
        state,
        key: this.#key,
        pid: process.pid,
        fraction,
        step,
        updatedAt: new Date().toISOString(),
        logFile: this.#logFile
      }).catch(() => undefined)
    );
    return this.#pending;
  }
}
