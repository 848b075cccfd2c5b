import { basename, resolve } from "node:path";
import { Command, Option } from "commander";
import {
  bitsPerWeightOption,
  integerOption,
  MAX_ROUNDS,
  MAX_SAMPLES,
  MAX_TOKENS,
  listOption,
  pathOption,
  percentOption
} from "../../common/cli/options.js";
import { untilInterrupted } from "../../common/cli/untilInterrupted.js";
import { InvalidInputError } from "../../common/errors.js";
import { contenderName, type Contender } from "../compare/CompareOptions.js";
import { compareModels } from "../compare/compareModels.js";
import { COMPARISON_FORMATS, formatComparison, liveTable } from "../compare/formatComparison.js";
import { writeReport } from "../report/writeReport.js";
import { threadsOption, typesOption } from "./options.js";
import { withProgress } from "./withProgress.js";

interface Options {
  text: string;
  calibration?: string;
  output?: string;
  types: string[];
  percent8bit: number[];
  bitsPerWeight?: number[];
  model: string[];
  context: number;
  chunks?: number;
  calibrationChunks?: number;
  prompt: number[];
  generate: number[];
  depth: number[];
  gpuLayers: number;
  repeat: number;
  threads?: number;
  format: (typeof COMPARISON_FORMATS)[number];
}

export function compareCommand(): Command {
  return new Command("compare")
    .description("Set MixLLM and stock quantizations of a model side by side: size, quality, speed, memory.")
    .argument("<model>", "Hugging Face directory, or a GGUF in F16, BF16 or F32")
    .requiredOption("--text <file>", "(required) text to measure quality on, UTF-8")
    .option("--calibration <file>", "text to calibrate on; stock types then get an importance matrix from it")
    .option(
      "-o, --output <folder>",
      "where report, models and results go and are found again (default: <model>-comparison)",
      pathOption
    )
    .addOption(typesOption("Q8_0,Q6_K,Q5_K_M,Q4_K_M,Q4_K_S,Q4_0,IQ4_XS"))
    .addOption(
      listOption("--percent-8bit <percents>", "shares of 8-bit channels of the MixLLM models", percentOption, "0,10,20")
    )
    .addOption(
      listOption(
        "--bits-per-weight <bits>",
        "instead of shares: average bits of the decoder's linear weights",
        bitsPerWeightOption
      ).implies({ percent8bit: [] })
    )
    .addOption(
      new Option("--model <gguf>", "take this model as well; give it once for each")
        .argParser((path, before: string[]) => [...before, path])
        .default([], "none")
    )
    .option(
      "--context <tokens>",
      "tokens a chunk; the second half of each is scored",
      integerOption(8, MAX_TOKENS),
      512
    )
    .option("--chunks <count>", "chunks of the text (default: all)", integerOption(1))
    .option(
      "--calibration-chunks <count>",
      "samples of 512 tokens to calibrate on, MixLLM and stock types alike (default: 64)",
      integerOption(1, MAX_SAMPLES)
    )
    .addOption(
      listOption(
        "--prompt <tokens>",
        "lengths of prompts in the speed tests, 0 to leave them out",
        integerOption(0, MAX_TOKENS),
        "512"
      )
    )
    .addOption(
      listOption(
        "--generate <tokens>",
        "tokens to generate in the speed tests, 0 to leave it out",
        integerOption(0, MAX_TOKENS),
        "64"
      )
    )
    .addOption(
      listOption(
        "--depth <tokens>",
        "tokens already in the KV cache in the speed tests",
        integerOption(0, MAX_TOKENS),
        "0"
      )
    )
    .option("--gpu-layers <count>", "layers to put on the GPU for speed and memory", integerOption(0), 0)
    .option("--repeat <count>", "rounds of the speed test", integerOption(1, MAX_ROUNDS), 5)
    .addOption(threadsOption())
    .addOption(new Option("--format <format>", "what to print").choices(COMPARISON_FORMATS).default("table"))
    .addHelpText(
      "after",
      `
Lists are separated by commas. What is in the output folder already is not made or measured again.

Examples:
  $ mixllm-bench compare ./Llama-3.2-1B-Instruct --text wiki.txt --calibration notes.txt
  $ mixllm-bench compare f16.gguf --text wiki.txt --bits-per-weight 4.5,5 --types Q4_K_M,Q5_K_M
  $ mixllm-bench compare f16.gguf --text wiki.txt --types none --model mine.gguf --chunks 40`
    )
    .action((model: string, options: Options) => untilInterrupted((signal) => run(model, options, signal)));
}

async function run(source: string, options: Options, signal: AbortSignal): Promise<void> {
  const { types, percent8bit, bitsPerWeight, model: files, format, output, ...rest } = options;
  const folder = output ?? `${basename(resolve(source)).replace(/\.gguf$/, "")}-comparison`;
  let result = "";
  await withProgress(
    "comparing",
    async (loadAddon, { update, print }) => {
      const contenders = distinct([
        ...mixedContenders(percent8bit, bitsPerWeight),
        ...stockContenders(types, (await loadAddon()).stockTypes()),
        ...files.map((path): Contender => ({ kind: "file", path }))
      ]);
      const table = liveTable([basename(source), ...contenders.map(contenderName)]);
      let started = false;
      const comparison = await compareModels({
        ...rest,
        source,
        contenders,
        output: folder,
        command: process.argv.slice(2),
        onProgress: update,
        onModel: (model) => {
          if (!started) print(table.header);
          started = true;
          print(table.row(model));
        },
        signal
      });
      result = formatComparison(comparison, format);
      return `compared ${comparison.models.length} models: ${await writeReport(comparison, folder)}`;
    },
    { gpu: options.gpuLayers > 0 }
  );
  process.stdout.write(result);
}

function mixedContenders(percentages: readonly number[], bitsPerWeight: readonly number[] = []): Contender[] {
  return [
    ...percentages.map((percent8bit): Contender => ({ kind: "mixllm", percent8bit })),
    ...bitsPerWeight.map((average): Contender => ({ kind: "mixllm", bitsPerWeight: average }))
  ];
}

/** Each contender once, however often it was asked for. */
function distinct(contenders: readonly Contender[]): Contender[] {
  return [...new Map(contenders.map((contender) => [JSON.stringify(contender), contender])).values()];
}

/** @throws {InvalidInputError} a type llama.cpp does not have */
function stockContenders(types: readonly string[], known: readonly string[]): Contender[] {
  return types.map((type) => {
    if (!known.includes(type)) {
      throw new InvalidInputError(`there is no quantization type ${type}; llama.cpp has ${known.join(", ")}`);
    }
    return { kind: "stock", type };
  });
}
