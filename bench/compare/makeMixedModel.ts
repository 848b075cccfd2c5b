import type { ComparisonContext } from "./ComparisonContext.js";
import { contenderName, type Contender } from "./Contender.js";
import { convertSource } from "./convertSource.js";
import type { MadeModel } from "./MadeModel.js";

/** Converts the source to a MixLLM model. */
export async function makeMixedModel(
  context: ComparisonContext,
  contender: Contender & { kind: "mixllm" }
): Promise<MadeModel> {
  const { options, workshop, sha256 } = context;
  const { calibration, calibrationChunks } = options;
  // The search for salient channels is the same for every share of them, so its result is handed on.
  const inputs = [sha256.source, sha256.calibration ?? "none", calibrationChunks];
  const salience = workshop.path("salience", inputs, "safetensors");
  const budget =
    "percent8bit" in contender
      ? ["--percent-8bit", String(contender.percent8bit)]
      : ["--bits-per-weight", String(contender.bitsPerWeight)];
  return convertSource(
    context,
    "mixllm",
    contenderName(contender),
    [...budget, "--samples", String(calibrationChunks)],
    [...(calibration === undefined ? [] : ["--calibration", calibration]), "--salience", salience]
  );
}
