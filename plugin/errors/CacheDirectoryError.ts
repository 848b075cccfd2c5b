import { MixLlmError } from "./MixLlmError.js";

/** The folder in which runtimes are built cannot be written: no permission, read-only or full. */
export class CacheDirectoryError extends MixLlmError {
  constructor(directory: string, reason: string, cause?: unknown) {
    super(`Cannot build the MixLLM runtime in ${directory}: ${reason}`, {
      fix: "Set the environment variable MIXLLM_CACHE_DIR to a folder on a disk with more room that you may write to.",
      cause
    });
  }
}
