import type { Budget } from "../plan/Budget.js";
import type { ConversionOptions } from "../plan/ConversionOptions.js";
import type { ConvertArguments } from "./ConvertArguments.js";

/** The part of the command line that says how every tensor is stored. */
export function conversionOptions(options: ConvertArguments): ConversionOptions {
  const { type, embeddingType, outputType, tensorBits } = options;
  return { format: type, budget: budget(options), overrides: tensorBits, embeddingType, outputType };
}

function budget({ percent8bit, bitsPerWeight, size }: ConvertArguments): Budget {
  if (bitsPerWeight !== undefined) return { unit: "bitsPerWeight", bitsPerWeight };
  if (size !== undefined) return { unit: "fileBytes", fileBytes: size };
  return { unit: "percent", percent: percent8bit };
}
