import { MixLlmError } from "./MixLlmError.js";

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
