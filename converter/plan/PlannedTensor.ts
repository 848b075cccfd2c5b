import type { ComputedTensor } from "../architectures/ComputedTensor.js";
import type { TensorType } from "../../common/gguf/ggmlTypes.js";
import type { ModelTensor } from "../model/ModelTensor.js";

/** What happens to one tensor. */
export type PlannedTensor = PlannedComputedTensor | PlannedStockTensor | PlannedMixedWeight;

/** Computed from the configuration, stored as float32. */
export interface PlannedComputedTensor {
  readonly treatment: "computed";
  readonly target: string;
  readonly tensor: ComputedTensor;
}

/** Stored in a stock type. */
export interface PlannedStockTensor {
  readonly treatment: "stock";
  readonly target: string;
  readonly tensor: ModelTensor;
  readonly type: TensorType;
  /** Why it is not stored as asked for, if it is not. */
  readonly note?: string;
}

/** A linear weight quantized with 4 and 8 bits mixed per output channel. */
export interface PlannedMixedWeight {
  readonly treatment: "mixed";
  readonly target: string;
  readonly tensor: ModelTensor;
  /** The width of all its channels, when the user fixed it; else the search chooses. */
  readonly bits?: 4 | 8;
}
