import type { TensorSpec } from "../architectures/TensorSpec.js";
import type { StoredTensor, SourceType } from "./StoredTensor.js";

/** A tensor the architecture expects, found in the weights with the right shape and a convertible format. */
export interface ModelTensor {
  readonly spec: TensorSpec;
  readonly stored: StoredTensor;
  readonly type: SourceType;
  /** Rows: output channels of a weight, 1 for a norm or bias. */
  readonly rows: number;
  /** Values of a row: input channels of a weight, all values of a norm or bias. */
  readonly columns: number;
}
