import { loadNativeAddon } from "../../plugin/runtime/toolAddons.js";
import { convertModel, type ConvertModelOptions } from "../convertModel.js";
import type { ConversionSummary } from "../ConversionSummary.js";
import type { ConverterAddon } from "../ConverterAddon.js";

/** What a test conversion leaves to the defaults of the command line. */
const DEFAULTS = {
  format: "mixllm",
  budget: { unit: "percent", percent: 10 },
  overrides: [],
  embeddingType: "f16",
  outputType: "f16",
  force: false,
  search: "weight_error",
  ranking: "fisher",
  equalization: "auto",
  method: "rtn",
  command: "test"
} as const;

/**
 * Converts a model as the command line does, collecting warnings.
 *
 * @param progress is told of each piece of work; what it throws ends the conversion
 */
export async function convert(
  options: Pick<ConvertModelOptions, "source" | "output"> & Partial<ConvertModelOptions>,
  progress: (detail: string) => void = () => undefined
): Promise<ConversionSummary & { warnings: string[] }> {
  const warnings: string[] = [];
  const summary = await convertModel(
    {
      ...DEFAULTS,
      calibration: { files: [], samples: 4, sequenceLength: 64, workDirectory: `${options.output}.work` },
      ...options
    },
    {
      loadAddon: () => loadNativeAddon<ConverterAddon>("mixllm-converter", { quiet: true }),
      warn: (message) => warnings.push(message),
      progress: (_step, _fraction, detail) => progress(detail),
      signal: new AbortController().signal
    }
  );
  return { ...summary, warnings };
}
