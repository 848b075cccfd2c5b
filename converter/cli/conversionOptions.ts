import type { ConversionOptions } from "../plan/ConversionOptions.js";
import type { ConvertArguments } from "./ConvertArguments.js";

/** The part of the command line that determines the output. */
export function conversionOptions({
  type,
  percent8bit,
  embeddingType,
  outputType
}: ConvertArguments): ConversionOptions {
  return { format: type, percent8bit, embeddingType, outputType };
}
