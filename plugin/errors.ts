import { MixLlmError } from "../common/errors.js";
import type { RuntimeGpu } from "./runtime/RuntimeGpu.js";

/** The installed node-llama-cpp is not the one release that this package's patches are made for. */
export class NodeLlamaCppVersionError extends MixLlmError {
  /** @param found the installed version; `undefined` when node-llama-cpp is not installed at all */
  constructor(required: string, found: string | undefined) {
    super(
      found === undefined
        ? `node-llama-cpp ${required} is not installed`
        : `This version of mixllm needs node-llama-cpp ${required}, and ${found} is installed`,
      {
        fix:
          `Run \`npm install --save-exact node-llama-cpp@${required}\`, or install the version of mixllm made for ` +
          "your node-llama-cpp."
      }
    );
  }
}

/** The runtime has to be built here and programs needed for that are not installed. */
export class MissingBuildToolsError extends MixLlmError {
  /** What is missing, in words: `a C++ compiler`, `CMake`, ... */
  readonly missing: readonly string[];

  /** @param installCommand what installs the missing tools on this machine, when that is known */
  constructor(missing: readonly string[], installCommand: string | undefined) {
    super(`Building the MixLLM runtime needs ${missing.join(", ")}: not found on this machine`, {
      fix:
        installCommand === undefined
          ? `Install ${missing.join(", ")}, make sure that PATH names the folders, and try again.`
          : `Run \`${installCommand}\` and try again.`
    });
    this.missing = missing;
  }
}

/** A CUDA runtime was asked for where no GPU is to be seen; it is compiled for exactly the GPUs it will run on. */
export class MissingGpuError extends MixLlmError {
  constructor() {
    super("Building for CUDA compiles for this machine's GPUs, and nvidia-smi shows none", {
      fix: "Build where the GPU is (in a container, start it with `--gpus all`), or use the CPU: `--gpu false`."
    });
  }
}

/** The folder in which runtimes are built cannot be written: no permission, read-only or full. */
export class CacheDirectoryError extends MixLlmError {
  constructor(directory: string, reason: string, cause?: unknown) {
    super(`Cannot build the MixLLM runtime in ${directory}: ${reason}`, {
      fix: "Set the environment variable MIXLLM_CACHE_DIR to a folder on a disk with more room that you may write to.",
      cause
    });
  }
}

/** Compiling the runtime failed. The message holds the last meaningful lines, `logFile` everything. */
export class RuntimeBuildError extends MixLlmError {
  /** File that holds the whole output of CMake and the compilers. */
  readonly logFile: string;

  constructor(reason: string, options: { logFile: string; details: readonly string[]; fix?: string; cause?: unknown }) {
    const details = options.details.map((line) => `\n  ${line}`).join("");
    super(`${reason}${details}\nThe whole output is in ${options.logFile}`, {
      fix: options.fix ?? "Run `mixllm doctor` to check the compiler, CMake and the rest of this machine's tools.",
      cause: options.cause
    });
    this.logFile = options.logFile;
  }
}

/** No finished build of the runtime fits, and the caller asked for none to be made (`build: "never"`). */
export class RuntimeNotBuiltError extends MixLlmError {
  constructor(gpu: RuntimeGpu, cacheDirectory: string) {
    super(`The MixLLM runtime (${gpu === false ? "CPU" : "CUDA"}) has not been built in ${cacheDirectory}`, {
      fix: `Run \`npx mixllm build${gpu === false ? "" : " --gpu cuda"}\` once on this machine, or leave out \`build: "never"\`.`
    });
  }
}

/** The finished build cannot be put where node-llama-cpp looks for local builds. */
export class RuntimeLinkError extends MixLlmError {
  constructor(folder: string, cause: unknown) {
    super(
      `Cannot make the MixLLM runtime known to node-llama-cpp in ${folder}: ` +
        (cause instanceof Error ? cause.message : String(cause)),
      {
        fix:
          "Run `npx mixllm build` once as a user who may write there (in a container image: right after " +
          "`npm ci`, with the same MIXLLM_CACHE_DIR as at run time); after that node_modules can be read-only.",
        cause
      }
    );
  }
}

/** A finished build is there, but the operating system or Node.js cannot load it. */
export class RuntimeLoadError extends MixLlmError {
  constructor(file: string, cause: unknown) {
    super(`Cannot load ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      fix: "Run `mixllm build --force` to build the runtime again, and `mixllm doctor` if that does not help.",
      cause
    });
  }
}

/**
 * This process has loaded an older or newer build of the MixLLM runtime.
 *
 * Both builds name their libraries alike, so the dynamic linker would hand one build's code to the other and the
 * process would crash or compute garbage.
 */
export class ConflictingRuntimeError extends MixLlmError {
  /** The loaded library that does not belong to the requested build. */
  readonly library: string;

  constructor(library: string) {
    super(`This process has already loaded a different build of the MixLLM runtime: ${library}`, {
      fix:
        "Restart the process: the runtime was rebuilt since it was loaded. If two versions of the mixllm package are " +
        "installed, keep one (`npm ls mixllm`)."
    });
    this.library = library;
  }
}
