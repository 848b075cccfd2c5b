import { byteLength, describeOutput } from "./describeOutput.js";
import type { PlannedMixedWeight } from "./PlannedTensor.js";

/** Bytes of a mixed weight's components when `channels8bit` of its output channels have 8 bits. */
export function mixedBytes(planned: PlannedMixedWeight, channels8bit: number): number {
  return describeOutput(planned, channels8bit).reduce((sum, tensor) => sum + byteLength(tensor), 0);
}
