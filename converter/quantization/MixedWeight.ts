import type { PlannedMixedWeight } from "../plan/PlannedTensor.js";

/** A weight to quantize, its 8-bit output channels chosen. */
export interface MixedWeight {
  readonly planned: PlannedMixedWeight;
  /** One byte an output channel: 1 for 8 bits. */
  readonly is8bit: Uint8Array;
  /** How many of them have 8 bits, a multiple of 16. */
  readonly channels8bit: number;
}
