import { tensorBytes } from "../../common/gguf/encodeGgufHeader.js";
import { describeOutput } from "./describeOutput.js";
import type { PlannedTensor } from "./PlannedTensor.js";

/**
 * Bytes of what a planned tensor becomes, without padding.
 *
 * @param channels8bit how many output channels of a mixed weight have 8 bits
 */
export function plannedBytes(planned: PlannedTensor, channels8bit = 0): number {
  return describeOutput(planned, channels8bit).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}
