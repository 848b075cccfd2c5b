import { MixLlmError } from "./MixLlmError.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";

/** No finished build of the runtime fits, and the caller asked for none to be made (`build: "never"`). */
export class RuntimeNotBuiltError extends MixLlmError {
  constructor(gpu: RuntimeGpu, cacheDirectory: string) {
    super(`The MixLLM runtime (${gpu === false ? "CPU" : "CUDA"}) has not been built in ${cacheDirectory}`, {
      fix: `Run \`npx mixllm build${gpu === false ? "" : " --gpu cuda"}\` once on this machine, or leave out \`build: "never"\`.`
    });
  }
}
