import { Command } from "commander";
import { integerOption, MAX_ROUNDS, listOption, percentOption } from "../../common/cli/options.js";
import { untilInterrupted } from "../../common/cli/untilInterrupted.js";
import { formatKernels } from "../kernels/KernelReport.js";
import { measureKernels } from "../kernels/measureKernels.js";
import { shapeOption, threadsOption, typesOption } from "./options.js";
import { withProgress } from "./withProgress.js";

/** Activations of more tokens at once would take gigabytes, and no batch is as large. */
const MAX_COLUMNS = 2 ** 16;

interface Options {
  shape: { outputs: number; inputs: number }[];
  percent8bit: number[];
  types: string[];
  tokens: number[];
  device: string;
  threads?: number;
  repeat: number;
  json?: true;
}

export function kernelsCommand(): Command {
  return new Command("kernels")
    .description("Measure one matrix product alone: MixLLM's kernel beside stock ones and the machine's limits.")
    .addOption(listOption("--shape <sizes>", "output channels x inputs of weights", shapeOption, "4096x4096"))
    .addOption(
      listOption("--percent-8bit <percents>", "shares of 8-bit channels of MixLLM weights", percentOption, "0,10,100")
    )
    .addOption(typesOption("Q4_0,Q4_K,Q8_0,F16"))
    .addOption(
      listOption(
        "--tokens <counts>",
        "tokens at once: 1 is generation, many are a prompt",
        integerOption(1, MAX_COLUMNS),
        "1,512"
      )
    )
    .option("--device <name>", "ggml device to measure on, such as CPU or CUDA0", "CPU")
    .addOption(threadsOption())
    .option("--repeat <count>", "rounds", integerOption(1, MAX_ROUNDS), 5)
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Lists are separated by commas. GOPS counts multiplications plus additions; GB/s counts the bytes of the weight. The
kernels take turns. For up to 32 tokens, so do copies of each weight, more than the caches hold, so that weights come from
memory. The error is that of the product against the same product in float.

Examples:
  $ mixllm-bench kernels
  $ mixllm-bench kernels --shape 14336x4096,4096x14336 --tokens 1,8,512 --percent-8bit 10 --threads 1
  $ mixllm-bench kernels --types Q4_K,Q6_K,IQ4_XS --json
  $ mixllm-bench kernels --device CUDA0`
    )
    .action((options: Options) => untilInterrupted((signal) => run(options, signal)));
}

async function run({ json, shape, ...options }: Options, signal: AbortSignal): Promise<void> {
  let result = "";
  await withProgress(
    "measuring kernels",
    async (loadAddon, { update }) => {
      const report = await measureKernels(loadAddon, {
        ...options,
        shapes: shape,
        signal,
        onProgress: (done, total, step) => update(done / total, step)
      });
      result = json === true ? `${JSON.stringify(report)}\n` : formatKernels(report);
      return "measured kernels";
    },
    { gpu: options.device.toUpperCase() !== "CPU" }
  );
  process.stdout.write(result);
}
