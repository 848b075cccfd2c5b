import { Command } from "commander";
import { gpuOption } from "./gpuOption.js";
import { buildMixLlama } from "../api/buildMixLlama.js";
import { gpuName } from "../runtime/describeRuntime.js";
import type { RuntimeGpu } from "../runtime/RuntimeGpu.js";
import { ensureToolAddons } from "../runtime/toolAddons.js";

interface Options {
  gpu: RuntimeGpu | "auto";
  tools?: true;
  force?: true;
  json?: true;
}

/** `mixllm build`: builds native code for this machine ahead of its first use. */
export function buildCommand(): Command {
  return new Command("build")
    .description(
      "Build the runtime for this machine, and with --tools what mixllm-convert and mixllm-bench need besides, unless it is there."
    )
    .option("--gpu <type>", "what to build for: auto, cuda, or false for the CPU alone", gpuOption, "auto")
    .option("--tools", "also build the native code of mixllm-convert and mixllm-bench")
    .option("--force", "build from scratch even when a finished build is there")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm build                  what an app needs: CUDA when a GPU and the whole toolkit are there, else CPU
  $ mixllm build --gpu false      the CPU alone
  $ mixllm build --tools          what an app needs, and what converting and measuring need
  $ mixllm build --force          start over, after a system upgrade for example`
    )
    .action(async (options: Options) => {
      const force = options.force === true;
      const runtime = await buildMixLlama({ gpu: options.gpu, force });
      const tools = options.tools === true ? await ensureToolAddons({ gpu: runtime.gpu, force }) : undefined;
      const target = gpuName(runtime.gpu);
      if (options.json === true) {
        const { gpu, key, directory } = runtime;
        const result = { gpu, key, directory, ...(tools && { tools: { key: tools.key, directory: tools.directory } }) };
        process.stdout.write(`${JSON.stringify(result)}\n`);
      } else {
        process.stdout.write(`The MixLLM runtime (${target}) is ready: ${runtime.directory}\n`);
        if (tools !== undefined)
          process.stdout.write(`The tools' native code (${target}) is ready: ${tools.directory}\n`);
      }
    });
}
