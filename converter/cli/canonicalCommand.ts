import type { ConvertArguments } from "./ConvertArguments.js";

/**
 * The options that determine the output as they would be typed, defaults included, paths left out: recorded in the file
 * so that it can be made again, and the same wherever and by whichever spelling it was made.
 */
export function canonicalCommand(options: ConvertArguments): string {
  const parts = [
    "mixllm-convert",
    `--type ${options.type}`,
    `--method ${options.method}`,
    `--percent-8bit ${options.percent8bit}`,
    `--embedding-type ${options.embeddingType}`,
    `--output-type ${options.outputType}`,
    options.preTokenizer === undefined ? undefined : `--pre-tokenizer ${options.preTokenizer}`
  ];
  return parts.filter((part) => part !== undefined).join(" ");
}
