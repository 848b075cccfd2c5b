import { Command, InvalidArgumentError, Option } from "commander";
import {
  bitsPerWeightOption,
  bytesOption,
  integerOption,
  MAX_SAMPLES,
  MAX_TOKENS,
  pathOption,
  percentOption
} from "../../common/cli/options.js";
import { gpuOption } from "../../plugin/cli/gpuOption.js";
import { InvalidInputError } from "../../common/errors.js";
import { PRE_TOKENIZER_NAMES } from "../tokenizers/preTokenizers.js";
import { HEAD_TYPES, type TensorOverride } from "../plan/ConversionOptions.js";
import { SUPPORTED_MODELS } from "../architectures/findArchitecture.js";
import { EQUALIZATION_MODES } from "../quantization/equalize.js";
import { RANKINGS } from "../quantization/globalSearch.js";
import { argumentsCalibrate, type ConvertArguments } from "./ConvertArguments.js";
import { runConversion } from "./runConversion.js";
import { runDryRun } from "./runDryRun.js";

const EXAMPLES = `
Examples:
  Download a model and convert it; files that are there already are not downloaded again:
    $ mixllm-convert hf:meta-llama/Llama-3.2-1B-Instruct -o llama-3.2-1b.gguf

  Convert a downloaded model with 10 % of its channels in 8 bits:
    $ mixllm-convert ./Llama-3.2-1B-Instruct -o llama-3.2-1b.gguf

  See in seconds what would be done, and how large the file would be, without writing anything:
    $ mixllm-convert ./Llama-3.2-1B-Instruct --dry-run

  The quick way, with no samples to run the model on; the file loses more:
    $ mixllm-convert ./Llama-3.2-1B-Instruct -o quick.gguf --method rtn --search weight_error

  More accurate, larger:
    $ mixllm-convert ./Qwen2.5-7B-Instruct -o qwen.gguf --percent-8bit 20

  The same model as a stock F16 file, to compare with:
    $ mixllm-convert ./Qwen2.5-7B-Instruct -o qwen-f16.gguf --type f16

  From a GGUF file, the first one if it is split:
    $ mixllm-convert qwen-f16.gguf -o qwen.gguf

A directory is a model in Hugging Face form: config.json, *.safetensors, tokenizer files. hf:organization/name@revision
is one on the Hub, and hf:user/model:BF16 or hf:user/model/file.gguf a GGUF there, as node-llama-cpp names it. A token
comes from HF_TOKEN or from where Hugging Face's own tools keep it; downloads stay where those keep theirs.
Models: ${SUPPORTED_MODELS}.`;

/** The `mixllm-convert` command, ready to parse its arguments. */
export function createConvertCommand(): Command {
  const command = new Command("mixllm-convert")
    .description("Converts a model to a MixLLM GGUF file, which mixllm loads through node-llama-cpp.")
    .argument(
      "<model>",
      "folder with config.json, tokenizer and .safetensors files, a GGUF in F16, BF16 or F32, or hf:organization/name"
    )
    .option("-o, --output <file>", "file to write; needed unless --dry-run is given", pathOption)
    .option("-f, --force", "replace the file if it exists")
    .option("--dry-run", "show the plan, sizes and bits per weight; write nothing")
    .option("--json", "print the result (with --dry-run: the plan) as one JSON object")
    .option("--quiet", "show no progress")
    .option(
      "--endpoint <url>",
      "where the Hugging Face Hub is, for hf: models (default: HF_ENDPOINT, or huggingface.co)"
    )
    .optionsGroup("What to write:")
    .addOption(
      new Option("--type <type>", "what the decoder's weights are stored as; all but mixllm are stock files")
        .choices(["mixllm", "f16", "bf16", "q8_0"])
        .default("mixllm")
    )
    .optionsGroup("MixLLM quantization:")
    .addOption(
      new Option(
        "--method <method>",
        "gptq quantizes for least output error on samples, rtn rounds to nearest, quick with --search weight_error"
      )
        .choices(["gptq", "rtn"])
        .default("gptq")
    )
    .addOption(
      new Option("--percent-8bit <percent>", "share of output channels in 8 bits, chosen over the whole model")
        .argParser(percentOption)
        .default(10)
    )
    .addOption(
      new Option("--bits-per-weight <bits>", "instead of a share: average bits of the decoder's linear weights")
        .argParser(bitsPerWeightOption)
        .conflicts(["percent8bit", "size"])
    )
    .addOption(
      new Option("--size <bytes>", "instead of a share: size of the file, such as 4.5G or 800M")
        .argParser(bytesOption)
        .conflicts(["percent8bit", "bitsPerWeight"])
    )
    .addOption(
      new Option("--tensor-bits <regex=bits>", "weights whose name matches get 4 or 8 bits, or stay f16; repeatable")
        .argParser(tensorBitsOption)
        .default([], "none")
    )
    .addOption(
      new Option(
        "--search <search>",
        "how 8-bit channels are found: by the loss on samples, over the whole model or as many in every weight and " +
          "expert, or, quickly, by the rounding error alone"
      )
        .choices(["global", "per_layer", "weight_error"])
        .default("global")
    )
    .addOption(
      new Option(
        "--ranking <ranking>",
        "what the search by the loss ranks by: the loss that the method leaves, by Fisher information, or the loss of " +
          "plain rounding, by a Taylor expansion (the paper)"
      )
        .choices(RANKINGS)
        .default("fisher")
    )
    .addOption(
      new Option(
        "--equalize <mode>",
        "move scale from channels whose activations are large into the weights, where less is lost so (auto), or not"
      )
        .choices(EQUALIZATION_MODES)
        .default("auto")
    )
    .option("--salience <file>", "keep the search's result here; if it is there already, use it and search no more")
    .addOption(
      new Option(
        "--embedding-type <type>",
        "type of the embedding; auto: q6_K, or q8_0 where its rows do not allow that"
      )
        .choices(["auto", ...HEAD_TYPES])
        .default("auto")
    )
    .addOption(
      new Option("--output-type <type>", "type of the output head, likewise, unless tied to the embedding")
        .choices(["auto", ...HEAD_TYPES])
        .default("auto")
    )
    .optionsGroup("Calibration:")
    .option("--calibration <files...>", "text to calibrate on (default: samples of the model itself)")
    .addOption(
      new Option("--samples <count>", "calibration samples").argParser(integerOption(1, MAX_SAMPLES)).default(64)
    )
    .addOption(
      new Option("--sequence-length <tokens>", "tokens of each sample")
        .argParser(integerOption(2, MAX_TOKENS))
        .default(512)
    )
    .addOption(
      new Option(
        "--memory <bytes>",
        "warn when a layer and its activations take more, such as 8G (default: half of what is free)"
      ).argParser(bytesOption)
    )
    .addOption(
      new Option("--gpu <device>", "compute on a GPU: cuda, auto (where there is one), or false for the CPU")
        .argParser(gpuOption)
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

/** A commander parser for what weights of some names get, added to what was given before: `ffn_down=8`. */
function tensorBitsOption(text: string, before: readonly TensorOverride[]): TensorOverride[] {
  const match = /^(.+)=(4|8|f16)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("expected a pattern and 4, 8 or f16, such as ffn_down=8");
  try {
    return [...before, { pattern: new RegExp(match[1] as string), treatment: match[2] as TensorOverride["treatment"] }];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** Options that only calibration takes. */
const CALIBRATION_OPTIONS = [
  "calibration",
  "samples",
  "sequenceLength",
  "memory",
  "gpu",
  "workDirectory",
  "salience",
  "equalize"
];

/** Options that only MixLLM files take. */
const MIXLLM_OPTIONS = [
  "method",
  "percent8bit",
  "bitsPerWeight",
  "size",
  "tensorBits",
  "search",
  "ranking",
  "equalize",
  "embeddingType",
  "outputType"
];

/** An option that would have no effect is a mistake worth telling. */
function assertEffective(command: Command, options: ConvertArguments): void {
  if (options.type !== "mixllm") {
    refuse(command, MIXLLM_OPTIONS, `with --type ${options.type}`, "write a MixLLM file with --type mixllm");
  }
  if (!argumentsCalibrate(options)) {
    const fix = "use --method gptq or --search global";
    refuse(command, CALIBRATION_OPTIONS, "on a conversion without calibration", fix);
  }
  if (options.search === "weight_error") {
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
