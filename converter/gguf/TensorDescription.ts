import type { TensorType } from "./TensorType.js";

/** A tensor as the GGUF header lists it. */
export interface TensorDescription {
  readonly name: string;
  readonly type: TensorType;
  /** Dimensions, fastest first. */
  readonly ne: readonly number[];
}
