import path from "node:path";
import { describeRuntime } from "../plugin/runtime/describeRuntime.js";
import { ensureRuntime } from "../plugin/runtime/ensureRuntime.js";

/** What a native test project is told to be built against the CPU runtime, which is built first if it has changed. */
export async function runtimeDefinitions(): Promise<{ MIXLLM_LLAMA_CPP_DIR: string; MIXLLM_RUNTIME_DIR: string }> {
  const { binaryDirectory } = await ensureRuntime({ gpu: false });
  const { workDirectory } = await describeRuntime(false);
  return { MIXLLM_LLAMA_CPP_DIR: path.join(workDirectory, "llama.cpp"), MIXLLM_RUNTIME_DIR: binaryDirectory };
}
