import { MixLlmError } from "./MixLlmError.js";

/** A CUDA runtime was asked for where no GPU is to be seen; it is compiled for exactly the GPUs it will run on. */
export class MissingGpuError extends MixLlmError {
  constructor() {
    super("Building for CUDA compiles for this machine's GPUs, and nvidia-smi shows none", {
      fix: "Build where the GPU is (in a container, start it with `--gpus all`), or use the CPU: `--gpu false`."
    });
  }
}
