import { MixLlmError } from "./MixLlmError.js";

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
