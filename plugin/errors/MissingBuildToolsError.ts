import { MixLlmError } from "./MixLlmError.js";

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
