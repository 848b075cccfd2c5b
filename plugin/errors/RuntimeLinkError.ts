import { MixLlmError } from "./MixLlmError.js";

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
