import { MixLlmError } from "./MixLlmError.js";

/**
 * Another build of the MixLLM runtime is already loaded in this process.
 *
 * Both builds name their libraries alike, so the dynamic linker would hand one build's code to the other and the
 * process would crash or compute garbage.
 */
export class ConflictingRuntimeError extends MixLlmError {
  /** The loaded library that does not belong to the requested build. */
  readonly library: string;

  constructor(library: string) {
    super(`Another build of the MixLLM runtime is already loaded in this process: ${library}`, {
      fix:
        "Use one build in a process: ask getMixLlama() for the same `gpu` everywhere (converting and measuring use the CPU build), " +
        "and restart the process after rebuilding. A second build can run in a child process."
    });
    this.library = library;
  }
}
