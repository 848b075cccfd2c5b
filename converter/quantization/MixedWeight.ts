import type { PlannedMixedWeight } from "../plan/PlannedTensor.js";

/** A weight to quantize, its 8-bit output features chosen. */
export interface MixedWeight {
  readonly planned: PlannedMixedWeight;
  /** One byte an output feature: 1 for 8 bits. */
  readonly is8bit: Uint8Array;
  /** How many of them have 8 bits, a multiple of 16. */
  readonly features8bit: number;
}
