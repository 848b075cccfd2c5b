import { Command } from "commander";
import { integerOption, pathOption, percentOption } from "../../common/cli/options.js";
import { formatBytes } from "../../common/cli/format.js";
import { synthesizeModel } from "../synthetic/synthesizeModel.js";
import { syntheticShapes } from "../synthetic/syntheticShapes.js";
import { untilInterrupted } from "../../common/cli/untilInterrupted.js";
import { withProgress } from "./withProgress.js";

/** The largest models have a tenth of either. */
const MAX_LAYERS = 1024;
const MAX_VOCABULARY = 2 ** 22;

interface Options {
  shape: string;
  layers?: number;
  vocabulary?: number;
  percent8bit?: number;
  headerOnly?: true;
  output: string;
  force?: true;
}

export function synthesizeCommand(): Command {
  return new Command("synthesize")
    .description("Write a model of a known shape with random weights, to measure speed on.")
    .requiredOption("--shape <name>", `(required) ${Object.keys(syntheticShapes).join(", ")}`)
    .option("--layers <count>", "decoder layers (default: those of the shape)", integerOption(1, MAX_LAYERS))
    .option(
      "--vocabulary <tokens>",
      "size of the vocabulary (default: that of the shape)",
      integerOption(1, MAX_VOCABULARY)
    )
    .option("--percent-8bit <percent>", "make a MixLLM model, not an F16 one", percentOption)
    .option("--header-only", "leave out what tensors hold, to plan a conversion with mixllm-convert --dry-run")
    .requiredOption("-o, --output <gguf>", "(required) file to write", pathOption)
    .option("-f, --force", "replace the file if it exists")
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm-bench synthesize --shape llama-3.2-1b -o 1b-f16.gguf
  $ mixllm-bench synthesize --shape llama-3.2-1b --percent-8bit 10 -o 1b-p10.gguf    a MixLLM model
  $ mixllm-bench synthesize --shape llama-3.1-8b --layers 4 -o 8b-f16.gguf           its first layers alone
  $ mixllm-bench synthesize --shape qwen3.5-27b --header-only -o 27b.gguf            takes no room on the disk`
    )
    .action((options: Options) => untilInterrupted((signal) => run(options, signal)));
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  await withProgress(`writing ${options.output}`, async (loadAddon, { update }) => {
    let bytes = 0;
    await synthesizeModel(loadAddon, {
      ...options,
      signal,
      onProgress: (done, total) => {
        bytes = total;
        update(done / total);
      }
    });
    return `wrote ${options.output}, ${formatBytes(bytes)}`;
  });
}
