import { Command } from "commander";
import { integerOption, MAX_TOKENS } from "../../common/cli/options.js";
import { formatQuality, qualityJson } from "../quality/formatQuality.js";
import { measureQuality } from "../quality/measureQuality.js";
import { untilInterrupted } from "../../common/cli/untilInterrupted.js";
import { warn } from "../../common/cli/runCommand.js";
import { type DeviceOptions, gpuLayersOption, placeLayers, rpcOption, threadsOption } from "./options.js";
import { withProgress } from "./withProgress.js";

interface Options extends DeviceOptions {
  model: string;
  reference?: string;
  text: string;
  context: number;
  chunks?: number;
  threads?: number;
  json?: true;
}

export function qualityCommand(): Command {
  return new Command("quality")
    .description("Measure a model's perplexity on a text, and how far it is from the model it was quantized from.")
    .requiredOption("--model <gguf>", "(required) model to measure")
    .option("--reference <gguf>", "unquantized model to compare with: KL divergence, top-1 agreement, Δp")
    .requiredOption("--text <file>", "(required) text to measure on, UTF-8")
    .option(
      "--context <tokens>",
      "tokens a chunk; the second half of each is scored",
      integerOption(8, MAX_TOKENS),
      512
    )
    .option("--chunks <count>", "stop after this many chunks (default: the whole text)", integerOption(1))
    .addOption(threadsOption())
    .addOption(gpuLayersOption())
    .addOption(rpcOption())
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Examples:
  $ mixllm-bench quality --model q4_k_m.gguf --text wiki.txt                         perplexity alone
  $ mixllm-bench quality --model mixed.gguf --reference f16.gguf --text wiki.txt     KL divergence too
  $ mixllm-bench quality --model mixed.gguf --text wiki.txt --gpu-layers 99          on the GPU
  $ mixllm-bench quality --model mixed.gguf --text wiki.txt --rpc 192.168.1.20:50052`
    )
    .action((options: Options) => untilInterrupted((signal) => run(options, signal)));
}

async function run({ json, ...options }: Options, signal: AbortSignal): Promise<void> {
  const { gpuLayers, devices } = placeLayers(options);
  let result = "";
  await withProgress(
    "measuring quality",
    async (loadAddon, { update }) => {
      const figures = await measureQuality(loadAddon, {
        ...options,
        gpuLayers,
        signal,
        onProgress: (done, total, perplexity) =>
          update(done / total, `chunk ${done} of ${total}, perplexity ${perplexity.toFixed(4)}`),
        onLongContext: (trained) => warn(`the model was trained on contexts of at most ${trained} tokens`)
      });
      result = json === true ? JSON.stringify(qualityJson(figures)) : formatQuality(figures);
      return "measured quality";
    },
    devices
  );
  process.stdout.write(`${result}\n`);
}
