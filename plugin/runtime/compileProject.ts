import type { WriteStream } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { binaryDirectory } from "./buildCache.js";
import { parseBuildProgress } from "./buildLog.js";
import { runLogged } from "./runLogged.js";

const require = createRequire(import.meta.url);

/** Memory that one compiler process of llama.cpp's larger files may take; the CUDA compiler takes twice as much. */
const BYTES_PER_JOB = 1024 ** 3;

/** Share of the work that configuring stands for in the progress. */
const CONFIGURE_FRACTION = 0.04;

/**
 * Configures and builds a CMake project of Node addons with cmake-js. What an earlier, interrupted run finished is kept.
 *
 * @param options.projectDirectory folder with the project's CMakeLists.txt, which is made a project of cmake-js
 * @param options.buildDirectory CMake's build folder
 * @param options.onProgress is given the fraction done, 0 to 1, and the step in words
 */
export async function compileProject(options: {
  projectDirectory: string;
  buildDirectory: string;
  cmakeOptions: Readonly<Record<string, string>>;
  log: WriteStream;
  signal: AbortSignal;
  onProgress: (fraction: number, step: string) => void;
}): Promise<void> {
  await makeCmakeJsProject(options.projectDirectory);
  const cmakeJs = require.resolve("cmake-js/bin/cmake-js");
  const shared = [
    "--directory",
    options.projectDirectory,
    "--out",
    options.buildDirectory,
    "--config",
    "Release",
    "--arch",
    process.arch
  ];
  const run = (args: readonly string[], onLine: (line: string) => void) =>
    runLogged(options.log, process.execPath, [cmakeJs, ...args], {
      cwd: options.projectDirectory,
      env: {
        ...process.env,
        // In Electron the executable that runs cmake-js is a browser unless told otherwise.
        ELECTRON_RUN_AS_NODE: "1",
        // English messages, in the form that the progress and the error summary know.
        LC_ALL: "C",
        NINJA_STATUS: "[%f/%t] ",
        CMAKE_COLOR_DIAGNOSTICS: "OFF"
      },
      onLine,
      signal: options.signal
    });

  options.onProgress(0, "configuring");
  // Values that CMake keeps from an earlier version of the project, or for another compiler, must not reach this build.
  await rm(path.join(options.buildDirectory, "CMakeCache.txt"), { force: true });
  // Nor must what it made be taken for this build's; linking again takes seconds.
  await rm(binaryDirectory(options.buildDirectory), { recursive: true, force: true });
  const definitions = Object.entries(options.cmakeOptions).map(([name, value]) => `--CD${name}=${value}`);
  await run(["configure", ...shared, ...definitions], () => undefined);
  options.onProgress(CONFIGURE_FRACTION, "compiling");
  await run(["build", ...shared, "--parallel", String(parallelJobs(options.cmakeOptions))], (line) => {
    const fraction = parseBuildProgress(line);
    if (fraction !== undefined)
      options.onProgress(CONFIGURE_FRACTION + fraction * (1 - CONFIGURE_FRACTION), "compiling");
  });
}

/**
 * Lets cmake-js treat the staged folder as a Node-API project, which needs no download of Node's headers, and find
 * node-addon-api from it.
 */
async function makeCmakeJsProject(directory: string): Promise<void> {
  await writeFile(path.join(directory, "package.json"), JSON.stringify({ binary: { napi_versions: [8] } }));
  const modules = path.join(directory, "node_modules");
  await mkdir(modules, { recursive: true });
  const target = path.dirname(require.resolve("node-addon-api/package.json"));
  const link = path.join(modules, "node-addon-api");
  await rm(link, { recursive: true, force: true });
  await symlink(target, link, "junction");
}

function parallelJobs(cmakeOptions: Readonly<Record<string, string>>): number {
  const bytesPerJob = cmakeOptions["GGML_CUDA"] === "ON" ? 2 * BYTES_PER_JOB : BYTES_PER_JOB;
  return Math.max(1, Math.min(os.availableParallelism(), Math.floor(os.totalmem() / bytesPerJob)));
}
