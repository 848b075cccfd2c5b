import type { TensorSpec } from "../architectures/TensorSpec.js";

/**
 * Adds an output head to the tensors of a model with tied embeddings, which may carry one all the same.
 *
 * @param source the head's name in the weights
 */
export function withOptionalHead(specs: readonly TensorSpec[], source: string): readonly TensorSpec[] {
  const embedding = specs.find(({ role }) => role === "embedding");
  if (embedding === undefined || specs.some(({ role }) => role === "output")) return specs;
  return [...specs, { ...embedding, source, target: "output.weight", role: "output", isOptional: true }];
}
