import type { WriteStream } from "node:fs";
import path from "node:path";
import { RuntimeBuildError } from "../errors.js";
import { findCudaToolkit } from "../machine/cudaToolkit.js";
import { CommandFailure, runLogged } from "./runLogged.js";

/**
 * CMAKE_CUDA_ARCHITECTURES for GPUs of these compute capabilities: machine code for each and nothing else.
 *
 * @param computeCapabilities such as `["8.6", "9.0"]`
 */
export function cudaArchitectures(computeCapabilities: readonly string[]): string {
  return computeCapabilities
    .map((capability) => {
      const number = capability.replace(".", "");
      // From 12.0 on, some instructions exist only in code for exactly that GPU, which llama.cpp's kernels count on.
      return `${number}${Number(number) >= 120 ? "a" : ""}-real`;
    })
    .join(";");
}

/**
 * Definitions for CMake that say which CUDA compiler is taken: nvcc need not be on PATH, nor the only one there, and the
 * libraries must be those of its toolkit. Where they lie says nothing about what is built, so it is no part of a build's key.
 */
export async function cudaToolkitOptions(): Promise<Record<string, string>> {
  const { nvcc } = await findCudaToolkit();
  return nvcc === undefined ? {} : { CMAKE_CUDA_COMPILER: nvcc, CUDAToolkit_ROOT: path.dirname(path.dirname(nvcc)) };
}

/** It takes seconds; a kernel that waits for ever must not keep the build. */
const TIME_LIMIT_MS = 5 * 60_000;

const MOST_LINES = 4;

const PLEASE_REPORT = "Please report this with the log and what `nvidia-smi` prints.";

/**
 * Runs the test of MixLLM's products that a CUDA build comes with on this machine's GPUs: every kernel, through all kinds of
 * shapes, against the definition in float64. A build that computes something else here is not to be used.
 *
 * @param options.compiledDirectory folder with the test, `mul-mat-mixllm-test` of the root CMakeLists.txt, and the libraries
 * @param options.timeLimitMs milliseconds after which it counts as hanging
 * @throws {RuntimeBuildError} a result is wrong, no GPU computed anything, or the test crashed or hung
 */
export async function checkGpuProducts(options: {
  compiledDirectory: string;
  log: WriteStream;
  logFile: string;
  signal: AbortSignal;
  timeLimitMs?: number;
}): Promise<void> {
  const { compiledDirectory, log, logFile, signal } = options;
  const program = path.join(
    compiledDirectory,
    process.platform === "win32" ? "mul-mat-mixllm-test.exe" : "mul-mat-mixllm-test"
  );
  const late = AbortSignal.timeout(options.timeLimitMs ?? TIME_LIMIT_MS);
  try {
    await runLogged(log, program, ["--gpu"], {
      cwd: compiledDirectory,
      env: process.env,
      signal: AbortSignal.any([signal, late])
    });
  } catch (error) {
    if (!(error instanceof CommandFailure) || signal.aborted) throw error;
    const lines = error.output.split("\n").filter((line) => line !== "");
    throw new RuntimeBuildError(
      late.aborted
        ? "The CUDA kernels were built, but do not come to an end on this machine's GPU"
        : "The CUDA kernels were built, but do not compute what they should on this machine's GPU",
      {
        logFile,
        details: late.aborted ? [] : lines.slice(0, MOST_LINES),
        fix: `Use the CPU: \`gpu: false\`. ${PLEASE_REPORT}`,
        commandFix: `Use the CPU: \`--gpu false\`. ${PLEASE_REPORT}`,
        cause: error
      }
    );
  }
}
