import type { ComparedModel } from "../compare/Comparison.js";

/** Models whose divergence has a place on a logarithmic scale: not the reference, nor what equals it. */
export function plottedModels(models: readonly ComparedModel[]): ComparedModel[] {
  return models.filter(({ quality }) => (quality.comparison?.kld.mean ?? 0) > 0);
}
