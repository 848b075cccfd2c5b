import path from "node:path";
import { binaryDirectory, publishBuild } from "./buildCache.js";
import { compileProject } from "./compileProject.js";
import { checkGpuProducts, cudaToolkitOptions } from "./cudaBuild.js";
import type { RuntimeDescription } from "./describeRuntime.js";
import { syncFiles, UPSTREAM_PATCHES } from "./inputFiles.js";
import { llamaCppHeaders, patchedSourceKey, preparePatchedSource } from "./patchedSource.js";
import { type BuildOptions, runBuild } from "./runBuild.js";

/** Share of the work that fetching and patching the sources stands for in the progress. */
const SOURCE_FRACTION = 0.03;

/**
 * Builds a runtime in its work folder and publishes it. The caller holds the work folder's lock.
 *
 * Everything the build reads is first brought into the work folder, changed files only: whatever an earlier build (interrupted, or of an
 * older version) left there is reused as far as CMake finds it up to date.
 *
 * @throws {RuntimeBuildError} a step failed, or the CUDA kernels are wrong on this machine; names the log
 * @throws {CacheDirectoryError} not enough room
 */
export async function buildRuntime(description: RuntimeDescription, options: BuildOptions): Promise<void> {
  const { workDirectory, nodeLlamaCpp, packageFiles, gpu } = description;
  const projectDirectory = path.join(workDirectory, "package");
  const sourceDirectory = path.join(workDirectory, "llama.cpp");
  await runBuild(description, options, async ({ buildDirectory, log, logFile, signal, report }) => {
    report(0, "unpacking and patching llama.cpp");
    await syncFiles(packageFiles, projectDirectory, ["node_modules", "package.json"]);
    const ourPatches = packageFiles.filter((file) => file.path.startsWith("patches/"));
    await preparePatchedSource({
      directory: sourceDirectory,
      sourceBundle: nodeLlamaCpp.sourceBundle,
      patchFolders: [
        nodeLlamaCpp.patchFolder,
        path.join(projectDirectory, "patches"),
        path.join(projectDirectory, UPSTREAM_PATCHES)
      ],
      sourceKey: await patchedSourceKey(nodeLlamaCpp, ourPatches),
      log,
      signal
    });
    await compileProject({
      projectDirectory,
      buildDirectory,
      cmakeOptions: {
        ...description.cmakeOptions,
        ...(gpu === "cuda" ? await cudaToolkitOptions() : {}),
        MIXLLM_LLAMA_CPP_DIR: sourceDirectory,
        MIXLLM_NODE_LLAMA_CPP_DIR: nodeLlamaCpp.directory
      },
      log,
      signal,
      onProgress: (fraction, step) => report(SOURCE_FRACTION + fraction * (1 - SOURCE_FRACTION), step)
    });
    const compiledDirectory = binaryDirectory(buildDirectory);
    if (gpu === "cuda") {
      report(1, "checking the kernels on the GPU");
      await checkGpuProducts({ compiledDirectory, log, logFile, signal });
    }
    await publishBuild({
      compiledDirectory,
      directory: description.directory,
      headers: await llamaCppHeaders(sourceDirectory)
    });
  });
}
