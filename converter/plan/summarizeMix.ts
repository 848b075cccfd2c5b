import type { MixedWeightSummary } from "../ConversionSummary.js";
import { byteLength } from "./describeOutput.js";
import { mixedComponents } from "./mixedComponents.js";
import type { PlannedMixedWeight } from "./PlannedTensor.js";

export interface MixSummary {
  /** Bits of all component tensors over the weights they stand for; 0 when there are none. */
  readonly bitsPerWeight: number;
  /** Share of 8-bit output features over all weights; 0 when there are none. */
  readonly percent8bit: number;
  readonly weights: readonly MixedWeightSummary[];
}

/** Adds up what a choice of 8-bit features costs. */
export function summarizeMix(
  weights: readonly { readonly planned: PlannedMixedWeight; readonly features8bit: number }[]
): MixSummary {
  let bytes = 0;
  let values = 0;
  let features = 0;
  let features8bit = 0;
  for (const weight of weights) {
    const { target, tensor } = weight.planned;
    const components = mixedComponents(target, tensor.rows, tensor.columns, weight.features8bit);
    bytes += components.reduce((sum, component) => sum + byteLength(component), 0);
    values += tensor.rows * tensor.columns;
    features += tensor.rows;
    features8bit += weight.features8bit;
  }
  return {
    bitsPerWeight: values === 0 ? 0 : (8 * bytes) / values,
    percent8bit: features === 0 ? 0 : (100 * features8bit) / features,
    weights: weights.map(({ planned: { target, tensor }, features8bit: count }) => ({
      name: target,
      outputFeatures: tensor.rows,
      inputFeatures: tensor.columns,
      features8bit: count
    }))
  };
}
