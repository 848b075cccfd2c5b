import type { PlannedMixedWeight, PlannedTensor } from "./PlannedTensor.js";

/** The mixed weights of a plan, in output order. */
export function mixedWeights(plan: readonly PlannedTensor[]): PlannedMixedWeight[] {
  return plan.filter((planned) => planned.treatment === "mixed");
}
