import type { ConvertArguments } from "./ConvertArguments.js";
import { usesCalibration } from "./usesCalibration.js";

/**
 * The options, `--gpu auto` resolved, that determine the output as they would be typed, defaults included, paths left out: recorded in the file
 * so that it can be made again, and the same wherever and by whichever spelling it was made.
 */
export function canonicalCommand(options: ConvertArguments): string {
  const { bitsPerWeight, size } = options;
  const parts = [
    "mixllm-convert",
    `--type ${options.type}`,
    `--method ${options.method}`,
    `--search ${options.search}`,
    options.search === "global" ? `--ranking ${options.ranking}` : undefined,
    bitsPerWeight !== undefined
      ? `--bits-per-weight ${bitsPerWeight}`
      : size !== undefined
        ? `--size ${size}`
        : `--percent-8bit ${options.percent8bit}`,
    ...options.tensorBits.map(({ pattern, treatment }) => `--tensor-bits ${pattern.source}=${treatment}`),
    usesCalibration(options) ? `--samples ${options.samples} --sequence-length ${options.sequenceLength}` : undefined,
    options.gpu === "cuda" ? "--gpu cuda" : undefined,
    `--embedding-type ${options.embeddingType}`,
    `--output-type ${options.outputType}`,
    options.preTokenizer === undefined ? undefined : `--pre-tokenizer ${options.preTokenizer}`
  ];
  return parts.filter((part) => part !== undefined).join(" ");
}
