import { Command } from "commander";
import { gpuOption } from "./gpuOption.js";
import { buildMixLlama } from "../api/buildMixLlama.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";

interface Options {
  gpu: RuntimeGpu | "auto";
  force?: true;
  json?: true;
}

/** `mixllm build`: builds the runtime for this machine ahead of its first use. */
export function buildCommand(): Command {
  return new Command("build")
    .description("Build the runtime for this machine, unless a finished build is there already.")
    .option("--gpu <type>", "what to build for: auto, cuda, or false for the CPU alone", gpuOption, "auto")
    .option("--force", "build from scratch even when a finished build is there")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm build                  CUDA when a GPU and the whole toolkit are there, else CPU
  $ mixllm build --gpu false      the CPU alone
  $ mixllm build --force          start over, after a system upgrade for example`
    )
    .action(async (options: Options) => {
      const runtime = await buildMixLlama({ gpu: options.gpu, force: options.force === true });
      const target = runtime.gpu === false ? "CPU" : "CUDA";
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ gpu: runtime.gpu, key: runtime.key, directory: runtime.directory })}\n`
          : `The MixLLM runtime (${target}) is ready: ${runtime.directory}\n`
      );
    });
}
