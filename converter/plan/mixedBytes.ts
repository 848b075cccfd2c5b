import { byteLength, describeOutput } from "./describeOutput.js";
import type { PlannedMixedWeight } from "./PlannedTensor.js";

/** Bytes of a mixed weight's components when `features8bit` of its output features have 8 bits. */
export function mixedBytes(planned: PlannedMixedWeight, features8bit: number): number {
  return describeOutput(planned, features8bit).reduce((sum, tensor) => sum + byteLength(tensor), 0);
}
