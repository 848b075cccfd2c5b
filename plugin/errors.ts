import { formatBytes } from "../common/cli/format.js";
import { type ErrorOptions, MixLlmError } from "../common/errors.js";
import { describeFileError, isDiskFull } from "../common/files/fileErrors.js";
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

/** Something has to be built here and programs needed for that are not installed. */
export class MissingBuildToolsError extends MixLlmError {
  /** What is missing, in words: `a C++ compiler`, `CMake`, ... */
  readonly missing: readonly string[];
  readonly #title: string;
  readonly #installCommand: string | undefined;

  /**
   * @param title what is to be built
   * @param installCommand what installs the missing tools on this machine, when that is known
   * @param misfit why no platform package serves in its place, where there can be one: `@mixllm/linux-x64 is not installed`
   */
  constructor(title: string, missing: readonly string[], installCommand: string | undefined, misfit?: string) {
    super(
      `Building ${title} needs ${missing.join(", ")}: not found on this machine` +
        (misfit === undefined ? "" : `, and ${misfit}`),
      {
        fix:
          (installCommand === undefined
            ? `Install ${missing.join(", ")}, make sure that PATH names the folders, and try again.`
            : `Run \`${installCommand}\` and try again.`) + (misfit === undefined ? "" : ` ${INSTALL_PLATFORM_PACKAGE}`)
      }
    );
    this.missing = missing;
    this.#title = title;
    this.#installCommand = installCommand;
  }

  /** The same where a platform package could have spared the build. */
  withMisfit(misfit: string): MissingBuildToolsError {
    return new MissingBuildToolsError(this.#title, this.missing, this.#installCommand, misfit);
  }
}

const INSTALL_PLATFORM_PACKAGE =
  "Where nothing can be built, install the platform package of this version, or what `npx mixllm package` makes elsewhere.";

/** A CUDA runtime was asked for where no GPU is to be seen; it is compiled for exactly the GPUs it will run on. */
export class MissingGpuError extends MixLlmError {
  constructor() {
    const buildThere = "Build where the GPU is (in a container, start it with `--gpus all`)";
    super("Building for CUDA compiles for this machine's GPUs, and nvidia-smi shows none", {
      fix: `${buildThere}, or use the CPU: \`gpu: false\`.`,
      commandFix: `${buildThere}, or use the CPU: \`--gpu false\`.`
    });
  }
}

/** The folder in which native code is built cannot be written: no permission, read-only or full. */
export class CacheDirectoryError extends MixLlmError {
  /**
   * @param title what is to be built
   * @param cause what the operating system said, or how much room there is and how much it takes, in bytes
   */
  constructor(title: string, directory: string, cause: NodeJS.ErrnoException | { needed: number; free: number }) {
    const reason =
      cause instanceof Error
        ? describeFileError(cause)
        : `it needs about ${formatBytes(cause.needed)} and ${formatBytes(cause.free)} are free`;
    super(`Cannot build ${title} in ${directory}: ${reason}`, {
      fix: CacheDirectoryError.fix(!(cause instanceof Error) || isDiskFull(cause)),
      ...(cause instanceof Error ? { cause } : {})
    });
  }

  /** What to do about a cache that is full, or cannot be written for another reason. */
  static fix(isFull: boolean): string {
    return isFull
      ? "Free some room, or set the environment variable MIXLLM_CACHE_DIR to a folder on another disk."
      : "Set the environment variable MIXLLM_CACHE_DIR to a folder that you may write to.";
  }
}

/** Building native code failed. The message holds the last meaningful lines, `logFile` everything. */
export class RuntimeBuildError extends MixLlmError {
  /** File that holds the whole output of CMake and the compilers. */
  readonly logFile: string;

  constructor(reason: string, options: ErrorOptions & { logFile: string; details: readonly string[] }) {
    const { logFile, details, ...rest } = options;
    super(`${reason}${details.map((line) => `\n  ${line}`).join("")}\nThe whole output is in ${logFile}`, {
      fix: "Run `npx mixllm doctor` to check the compiler, CMake and the rest of this machine's tools.",
      ...rest
    });
    this.logFile = logFile;
  }
}

/** No finished build of the runtime fits, and the caller asked for none to be made (`build: "never"`). */
export class RuntimeNotBuiltError extends MixLlmError {
  /** @param misfit why no platform package serves in its place, where there can be one: `@mixllm/linux-x64 is not installed` */
  constructor(gpu: RuntimeGpu, cacheDirectory: string, misfit?: string) {
    super(
      `The MixLLM runtime (${gpu === false ? "CPU" : "CUDA"}) has not been built in ${cacheDirectory}` +
        (misfit === undefined ? "" : `, and ${misfit}`),
      {
        fix:
          `Run \`npx mixllm build${gpu === false ? "" : " --gpu cuda"}\` once on this machine, or leave out ` +
          `\`build: "never"\`.${misfit === undefined ? "" : ` ${INSTALL_PLATFORM_PACKAGE}`}`
      }
    );
  }
}

/** A MixLLM file on a `Llama` for a kind of GPU that MixLLM has no kernels for, which an app under `mixllm/register` asked for. */
export class NoKernelsForGpuError extends MixLlmError {
  /** @param gpu what the `Llama` computes on, as node-llama-cpp names it */
  constructor(file: string, gpu: string | false) {
    super(
      `${file} is a MixLLM file, and this app asked for ${gpu === false ? "a GPU" : gpu}, for which MixLLM has no kernels: ` +
        "it was given node-llama-cpp's own llama.cpp",
      {
        fix:
          'Have the app ask for `gpu: "auto"`, `"cuda"` or `false`; one that leaves `gpu` out takes it from the environment ' +
          "variable NODE_LLAMA_CPP_GPU."
      }
    );
  }
}

/** A finished build is there, but the operating system or Node.js cannot load it. */
export class RuntimeLoadError extends MixLlmError {
  /** @param rebuildCommand what builds it again */
  constructor(file: string, rebuildCommand: string, cause: unknown) {
    super(`Cannot load ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      fix: `Run \`${rebuildCommand}\` to build it again, and \`npx mixllm doctor\` if that does not help.`,
      cause
    });
  }
}

/** An RPC server that an app named cannot be used. */
export class RpcServerError extends MixLlmError {
  constructor(endpoint: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), {
      fix: `Start it there with \`npx mixllm rpc-server --host ADDRESS\`, of the same version of mixllm, and check that ${endpoint} can be reached.`,
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
