import { MixLlmError } from "./MixLlmError.js";

/** A finished build is there, but the operating system or Node.js cannot load it. */
export class RuntimeLoadError extends MixLlmError {
  constructor(file: string, cause: unknown) {
    super(`Cannot load ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      fix: "Run `mixllm build --force` to build the runtime again, and `mixllm doctor` if that does not help.",
      cause
    });
  }
}
