import { MixLlmError } from "./MixLlmError.js";

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
