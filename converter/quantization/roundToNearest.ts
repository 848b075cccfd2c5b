import { InvalidInputError } from "../../common/errors.js";
import { finishJob } from "../../common/nativeJob.js";
import { assertFinite } from "../model/WeightReader.js";
import type { ScoredWeight } from "../plan/chooseChannels.js";
import type { ChannelSearch } from "./ChannelSearch.js";
import { allocateComponents, type QuantizationMethod } from "./QuantizationMethod.js";

/** Ranks output channels by the squared error of rounding them to 4 bits: no data needed, a baseline. */
export const weightErrorSearch: ChannelSearch = {
  name: "weight_error",

  async score(weights, { reader, addon, threads, signal, progress }) {
    const scored: ScoredWeight[] = [];
    for (const [i, { target, tensor, experts }] of weights.entries()) {
      progress(i / weights.length, target);
      const scores = new Float64Array(tensor.rows);
      const source = await reader.read(tensor);
      const { firstNonFinite } = await finishJob(addon.weightError(source, scores, threads), signal);
      assertFinite(tensor, firstNonFinite);
      scored.push({ target, experts, scores });
    }
    return scored;
  }
};

/** Rounds every weight to the nearest value of its group's grid: no data needed, a baseline. */
export const roundToNearest: QuantizationMethod = {
  name: "rtn",

  async *quantize(weights, { reader, addon, threads, signal, progress }) {
    for (const [i, weight] of weights.entries()) {
      const { target, tensor, experts } = weight.planned;
      progress(i / weights.length, target);
      const components = allocateComponents(weight);
      const source = await reader.read(tensor);
      const report = await finishJob(addon.quantizeWeight(source, weight.is8bit, experts, components, threads), signal);
      assertFinite(tensor, report.firstNonFinite);
      if (report.firstOutOfRange >= 0) {
        throw new InvalidInputError(
          `tensor "${tensor.stored.name}" has values in row ${report.firstOutOfRange} too large for a half-precision scale`,
          { fix: "Convert it with --type bf16 instead." }
        );
      }
      yield { weight, components };
    }
  }
};
