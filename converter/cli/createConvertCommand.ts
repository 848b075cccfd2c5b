import { Command, Option } from "commander";
import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import { PRE_TOKENIZER_NAMES } from "../tokenizers/preTokenizerNames.js";
import { HEAD_TYPES } from "../plan/ConversionOptions.js";
import type { ConvertArguments } from "./ConvertArguments.js";
import { runConversion } from "./runConversion.js";
import { runDryRun } from "./runDryRun.js";

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

The directory is a model in Hugging Face form: config.json, *.safetensors, tokenizer files.
Architectures: Llama 2 and 3, Mistral, Qwen 1.5 to 2.5, Qwen 3 (dense).`;

/** The `mixllm-convert` command, ready to parse its arguments. */
export function createConvertCommand(): Command {
  const command = new Command("mixllm-convert")
    .description("Convert a Hugging Face model to a MixLLM GGUF file, which mixllm loads through node-llama-cpp.")
    .argument("<directory>", "folder of the model, with config.json, tokenizer and .safetensors files")
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
      new Option("--method <method>", "how weights are quantized: rtn rounds each to the nearest")
        .choices(["rtn"])
        .default("rtn")
    )
    .addOption(
      new Option("--percent-8bit <percent>", "share of output channels in 8 bits, chosen over the whole model")
        .argParser(parsePercent)
        .default(10)
    )
    .addOption(new Option("--embedding-type <type>", "type of the embedding").choices(HEAD_TYPES).default("f16"))
    .addOption(
      new Option("--output-type <type>", "type of the output head, unless tied to the embedding")
        .choices(HEAD_TYPES)
        .default("f16")
    )
    .optionsGroup("Tokenizer:")
    .option("--pre-tokenizer <name>", "llama.cpp's name of the pre-tokenizer, where it is not recognised")
    .addHelpText("after", EXAMPLES);

  return command.action(async (directory: string, options: ConvertArguments) => {
    assertPreTokenizer(options.preTokenizer);
    assertMixLlmOptions(command, options);
    await (options.dryRun === true ? runDryRun(directory, options) : runConversion(directory, options));
  });
}

function parsePercent(text: string): number {
  const percent = Number(text);
  if (text.trim() === "" || !(percent >= 0 && percent <= 100)) {
    throw new InvalidInputError(`--percent-8bit should be a number from 0 to 100, not "${text}"`);
  }
  return percent;
}

function assertPreTokenizer(name: string | undefined): void {
  if (name === undefined || PRE_TOKENIZER_NAMES.includes(name)) return;
  throw new InvalidInputError(`llama.cpp has no pre-tokenizer "${name}"`, {
    fix: `Its pre-tokenizers: ${PRE_TOKENIZER_NAMES.join(", ")}.`
  });
}

/** An option that would have no effect is a mistake worth telling. */
function assertMixLlmOptions(command: Command, { type }: ConvertArguments): void {
  if (type === "mixllm") return;
  const given = ["method", "percent8bit", "embeddingType", "outputType"].find(
    (option) => command.getOptionValueSource(option) === "cli"
  );
  const flag = command.options.find((option) => option.attributeName() === given)?.long;
  if (flag === undefined || flag === null) return;
  throw new InvalidInputError(`${flag} has no effect with --type ${type}`, {
    fix: "Leave it out, or write a MixLLM file with --type mixllm."
  });
}
