import { Command, Option } from "commander";
import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import { PRE_TOKENIZER_NAMES } from "../tokenizers/preTokenizerNames.js";
import { HEAD_TYPES } from "../plan/ConversionOptions.js";
import type { TensorOverride } from "../plan/TensorOverride.js";
import { RANKINGS } from "../quantization/Ranking.js";
import type { ConvertArguments } from "./ConvertArguments.js";
import { runConversion } from "./runConversion.js";
import { runDryRun } from "./runDryRun.js";
import { usesCalibration } from "./usesCalibration.js";

const EXAMPLES = `
Examples:
  Convert a downloaded model with 10 % of its channels in 8 bits:
    $ mixllm-convert ./Llama-3.2-1B-Instruct -o llama-3.2-1b.gguf

  See what would be done, and how large the file would be, without writing anything:
    $ mixllm-convert ./Llama-3.2-1B-Instruct --dry-run

  More accurate, larger:
    $ mixllm-convert ./Qwen2.5-7B-Instruct -o qwen.gguf --percent-8bit 20

  The same model as a stock F16 file, to compare with:
    $ mixllm-convert ./Qwen2.5-7B-Instruct -o qwen-f16.gguf --type f16

  From a GGUF file, the first one if it is split:
    $ mixllm-convert qwen-f16.gguf -o qwen.gguf

A directory is a model in Hugging Face form: config.json, *.safetensors, tokenizer files.
Architectures: Llama 2 and 3, Mistral, Qwen 1.5 to 2.5, Qwen 3 (dense).`;

/** The `mixllm-convert` command, ready to parse its arguments. */
export function createConvertCommand(): Command {
  const command = new Command("mixllm-convert")
    .description("Converts a model to a MixLLM GGUF file, which mixllm loads through node-llama-cpp.")
    .argument("<model>", "folder with config.json, tokenizer and .safetensors files, or a GGUF in F16, BF16 or F32")
    .option("-o, --output <file>", "file to write; needed unless --dry-run is given")
    .option("-f, --force", "replace the file if it exists")
    .option("--dry-run", "show the plan, sizes and bits per weight; write nothing")
    .option("--json", "print the result (with --dry-run: the plan) as one JSON object")
    .option("--quiet", "show no progress")
    .optionsGroup("What to write:")
    .addOption(
      new Option("--type <type>", "what the decoder's weights are stored as; all but mixllm are stock files")
        .choices(["mixllm", "f16", "bf16", "q8_0"])
        .default("mixllm")
    )
    .optionsGroup("MixLLM quantization:")
    .addOption(
      new Option("--method <method>", "gptq quantizes for least output error on samples, rtn rounds to the nearest")
        .choices(["gptq", "rtn"])
        .default("gptq")
    )
    .addOption(
      new Option("--percent-8bit <percent>", "share of output channels in 8 bits, chosen over the whole model")
        .argParser(parsePercent)
        .default(10)
    )
    .addOption(
      new Option("--bits-per-weight <bits>", "instead of a share: average bits of the decoder's linear weights")
        .argParser(parseBits)
        .conflicts(["percent8bit", "size"])
    )
    .addOption(
      new Option("--size <bytes>", "instead of a share: size of the file, such as 4.5G or 800M")
        .argParser((text) => parseBytes("--size", text))
        .conflicts(["percent8bit", "bitsPerWeight"])
    )
    .addOption(
      new Option("--tensor-bits <regex=bits>", "weights whose name matches get 4 or 8 bits, or stay f16; repeatable")
        .argParser(collectOverride)
        .default([], "none")
    )
    .addOption(
      new Option("--search <search>", "how 8-bit channels are found: by the loss, or by the rounding error alone")
        .choices(["global", "weight_error"])
        .default("global")
    )
    .addOption(
      new Option("--ranking <ranking>", "what the global search ranks by: the paper's measure, or Fisher per byte")
        .choices(RANKINGS)
        .default("taylor")
    )
    .option("--salience <file>", "keep the search's result here; if it is there already, use it and search no more")
    .addOption(new Option("--embedding-type <type>", "type of the embedding").choices(HEAD_TYPES).default("q8_0"))
    .addOption(
      new Option("--output-type <type>", "type of the output head, unless tied to the embedding")
        .choices(HEAD_TYPES)
        .default("q8_0")
    )
    .optionsGroup("Calibration:")
    .option("--calibration <files...>", "text to calibrate on (default: samples of the model itself)")
    .addOption(
      new Option("--samples <count>", "calibration samples")
        .argParser((text) => parseCount("--samples", text, 1))
        .default(64)
    )
    .addOption(
      new Option("--sequence-length <tokens>", "tokens of each sample")
        .argParser((text) => parseCount("--sequence-length", text, 2))
        .default(512)
    )
    .addOption(
      new Option(
        "--memory <bytes>",
        "memory for one layer and its activations, such as 8G (default: half of what is free)"
      ).argParser((text) => parseBytes("--memory", text))
    )
    .addOption(
      new Option("--gpu <device>", "compute on a GPU: cuda, auto (where there is one), or false for the CPU")
        .argParser(parseGpu)
        .default(false)
    )
    .option("--work-directory <directory>", "where finished layers are kept until all are (default: beside the output)")
    .optionsGroup("Tokenizer:")
    .option("--pre-tokenizer <name>", "llama.cpp's name of the pre-tokenizer, where the model's is unknown or wrong")
    .addHelpText("after", EXAMPLES);

  return command.action(async (source: string, options: ConvertArguments) => {
    assertPreTokenizer(options.preTokenizer);
    assertEffective(command, options);
    await (options.dryRun === true ? runDryRun(source, options) : runConversion(source, options));
  });
}

function parsePercent(text: string): number {
  const percent = Number(text);
  if (text.trim() === "" || !(percent >= 0 && percent <= 100)) {
    throw new InvalidInputError(`--percent-8bit should be a number from 0 to 100, not "${text}"`);
  }
  return percent;
}

function parseBits(text: string): number {
  const bits = Number(text);
  if (text.trim() === "" || !(bits >= 4 && bits <= 9)) {
    throw new InvalidInputError(`--bits-per-weight should be a number from 4 to 9, not "${text}"`);
  }
  return bits;
}

function parseGpu(text: string): ConvertArguments["gpu"] {
  if (text === "false") return false;
  if (text === "auto" || text === "cuda") return text;
  throw new InvalidInputError(`--gpu should be auto, cuda or false, not "${text}"`);
}

function parseCount(option: string, text: string, least: number): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < least || count > 1_000_000) {
    throw new InvalidInputError(`${option} should be a whole number from ${least} to 1000000, not "${text}"`);
  }
  return count;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

function parseBytes(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const bytes = Number(match?.[1]) * (UNITS[match?.[2]?.toUpperCase() ?? ""] ?? NaN);
  if (!(bytes > 0)) throw new InvalidInputError(`${option} should be a size such as 4.5G or 800M, not "${text}"`);
  return Math.round(bytes);
}

function collectOverride(text: string, former: readonly TensorOverride[]): TensorOverride[] {
  const match = /^(.+)=(4|8|f16)$/.exec(text);
  if (match === null) {
    throw new InvalidInputError(`--tensor-bits should be a pattern and 4, 8 or f16, not "${text}"`, {
      fix: "For example: --tensor-bits 'ffn_down=8'"
    });
  }
  try {
    return [...former, { pattern: new RegExp(match[1] as string), treatment: match[2] as TensorOverride["treatment"] }];
  } catch (error) {
    throw new InvalidInputError(`--tensor-bits: ${(error as Error).message}`);
  }
}

/** Options that only calibration takes. */
const CALIBRATION_OPTIONS = ["calibration", "samples", "sequenceLength", "memory", "gpu", "workDirectory", "salience"];

/** Options that only MixLLM files take. */
const MIXLLM_OPTIONS = [
  "method",
  "percent8bit",
  "bitsPerWeight",
  "size",
  "tensorBits",
  "search",
  "ranking",
  "embeddingType",
  "outputType"
];

/** An option that would have no effect is a mistake worth telling. */
function assertEffective(command: Command, options: ConvertArguments): void {
  if (options.type !== "mixllm") {
    refuse(command, MIXLLM_OPTIONS, `with --type ${options.type}`, "write a MixLLM file with --type mixllm");
  }
  if (!usesCalibration(options)) {
    const fix = "use --method gptq or --search global";
    refuse(command, CALIBRATION_OPTIONS, "on a conversion without calibration", fix);
  }
  if (options.search !== "global") {
    refuse(command, ["ranking", "salience"], `with --search ${options.search}`, "use --search global");
  }
}

/** @throws {InvalidInputError} one of these options was given */
function refuse(command: Command, names: readonly string[], where: string, otherwise: string): void {
  const given = names.find((name) => command.getOptionValueSource(name) === "cli");
  if (given === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === given)?.long ?? given;
  throw new InvalidInputError(`${flag} has no effect ${where}`, { fix: `Leave it out, or ${otherwise}.` });
}

function assertPreTokenizer(name: string | undefined): void {
  if (name === undefined || PRE_TOKENIZER_NAMES.includes(name)) return;
  throw new InvalidInputError(`llama.cpp has no pre-tokenizer "${name}"`, {
    fix: `Its pre-tokenizers: ${PRE_TOKENIZER_NAMES.join(", ")}.`
  });
}
