import type { SourceModel } from "./SourceModel.js";

/** Values in all tensors of a model, tied embeddings counted once. */
export function countParameters({
  tensors,
  computedTensors
}: Pick<SourceModel, "tensors" | "computedTensors">): number {
  const stored = tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  return computedTensors.reduce((sum, { values }) => sum + values.length, stored);
}
