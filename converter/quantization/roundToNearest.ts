import { InvalidInputError } from "../../plugin/errors/InvalidInputError.js";
import { assertFinite } from "../model/assertFinite.js";
import { sourceRows } from "../model/sourceRows.js";
import { byteLength } from "../plan/describeOutput.js";
import { COMPONENT_SUFFIXES, mixedComponents, type ComponentSuffix } from "../plan/mixedComponents.js";
import type { MixedWeight } from "./MixedWeight.js";
import type { QuantizationMethod } from "./QuantizationMethod.js";

/** Rounds every weight to the nearest value of its group's grid: no data needed, a baseline. */
export const roundToNearest: QuantizationMethod = {
  name: "rtn",
  calibration: "",

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

function allocateComponents({ planned, features8bit }: MixedWeight): Record<ComponentSuffix, Uint8Array> {
  const { rows, columns } = planned.tensor;
  const components = mixedComponents(planned.target, rows, columns, features8bit);
  return Object.fromEntries(
    COMPONENT_SUFFIXES.map((suffix) => {
      const component = components.find((candidate) => candidate.suffix === suffix);
      return [suffix, new Uint8Array(component === undefined ? 0 : byteLength(component))];
    })
  ) as Record<ComponentSuffix, Uint8Array>;
}
