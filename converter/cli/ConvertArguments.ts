import type { RuntimeGpu } from "../../plugin/runtime/RuntimeGpu.js";
import { usesCalibration, type ConvertModelOptions } from "../convertModel.js";
import type { Budget, HeadType, OutputFormat, TensorOverride } from "../plan/ConversionOptions.js";
import type { EqualizationMode } from "../quantization/equalize.js";
import type { Ranking, SearchScope } from "../quantization/globalSearch.js";

/** Options of `mixllm-convert` as commander parses them. */
export interface ConvertArguments {
  readonly output?: string;
  readonly endpoint?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly type: OutputFormat;
  readonly method: "gptq" | "rtn";
  readonly search: SearchScope | "weight_error";
  readonly ranking: Ranking;
  readonly equalize: EqualizationMode;
  readonly percent8bit: number;
  readonly bitsPerWeight?: number;
  readonly size?: number;
  readonly tensorBits: readonly TensorOverride[];
  readonly salience?: string;
  readonly calibration?: readonly string[];
  readonly samples: number;
  readonly sequenceLength: number;
  readonly memory?: number;
  readonly gpu: RuntimeGpu | "auto";
  readonly workDirectory?: string;
  readonly embeddingType: HeadType;
  readonly outputType: HeadType;
  readonly preTokenizer?: string;
}

/** Whether the options ask for anything that runs the model on calibration samples. */
export function argumentsCalibrate({ type, search, method }: ConvertArguments): boolean {
  return usesCalibration({ format: type, search, method });
}

/** How much of the model gets 8 bits. */
export function budgetOf({ percent8bit, bitsPerWeight, size }: ConvertArguments): Budget {
  if (bitsPerWeight !== undefined) return { unit: "bitsPerWeight", bitsPerWeight };
  if (size !== undefined) return { unit: "fileBytes", fileBytes: size };
  return { unit: "percent", percent: percent8bit };
}

/**
 * What the command line asks of a conversion.
 *
 * @param output the file to write; unless told otherwise, unfinished work is kept beside it
 * @param gpu `--gpu`, resolved
 */
export function convertModelOptions(
  options: ConvertArguments,
  source: string,
  output: string,
  gpu: RuntimeGpu
): ConvertModelOptions {
  const { type, embeddingType, outputType, tensorBits, preTokenizer, search, ranking, salience, method } = options;
  return {
    source,
    output,
    force: options.force === true,
    preTokenizer,
    format: type,
    budget: budgetOf(options),
    overrides: tensorBits,
    embeddingType,
    outputType,
    search,
    ranking,
    salience,
    equalization: options.equalize,
    method,
    calibration: {
      files: options.calibration ?? [],
      samples: options.samples,
      sequenceLength: options.sequenceLength,
      workDirectory: options.workDirectory ?? `${output}.work`,
      memory: options.memory
    },
    command: canonicalCommand(options, gpu)
  };
}

/**
 * The options that determine the output as they would be typed, defaults included, paths left out: recorded in the file
 * so that it can be made again, and the same wherever and by whichever spelling it was made.
 */
function canonicalCommand(options: ConvertArguments, gpu: RuntimeGpu): string {
  const { bitsPerWeight, size } = options;
  const parts = [
    "mixllm-convert",
    `--type ${options.type}`,
    `--method ${options.method}`,
    `--search ${options.search}`,
    options.search !== "weight_error" ? `--ranking ${options.ranking}` : undefined,
    argumentsCalibrate(options) ? `--equalize ${options.equalize}` : undefined,
    bitsPerWeight !== undefined
      ? `--bits-per-weight ${bitsPerWeight}`
      : size !== undefined
        ? `--size ${size}`
        : `--percent-8bit ${options.percent8bit}`,
    ...options.tensorBits.map(({ pattern, treatment }) => `--tensor-bits ${pattern.source}=${treatment}`),
    argumentsCalibrate(options)
      ? `--samples ${options.samples} --sequence-length ${options.sequenceLength}`
      : undefined,
    gpu === "cuda" ? "--gpu cuda" : undefined,
    `--embedding-type ${options.embeddingType}`,
    `--output-type ${options.outputType}`,
    options.preTokenizer === undefined ? undefined : `--pre-tokenizer ${options.preTokenizer}`
  ];
  return parts.filter((part) => part !== undefined).join(" ");
}
