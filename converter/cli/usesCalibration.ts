import type { ConvertArguments } from "./ConvertArguments.js";

/** Whether the options ask for anything that runs the model on calibration samples. */
export function usesCalibration({
  type,
  method,
  search
}: Pick<ConvertArguments, "type" | "method" | "search">): boolean {
  return type === "mixllm" && (method === "gptq" || search === "global");
}
