import { InvalidInputError } from "../../common/errors.js";
import { assertFinite } from "../model/assertFinite.js";
import { sourceRows } from "../model/sourceRows.js";
import { allocateComponents } from "./allocateComponents.js";
import type { QuantizationMethod } from "./QuantizationMethod.js";

/** Rounds every weight to the nearest value of its group's grid: no data needed, a baseline. */
export const roundToNearest: QuantizationMethod = {
  name: "rtn",

  async *quantize(weights, { reader, addon, threads, progress }) {
    for (const [i, weight] of weights.entries()) {
      const { target, tensor } = weight.planned;
      progress(i / weights.length, target);
      const components = allocateComponents(weight);
      const source = sourceRows(tensor, await reader.read(tensor));
      const report = await addon.quantizeWeight(source, weight.is8bit, components, threads);
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
