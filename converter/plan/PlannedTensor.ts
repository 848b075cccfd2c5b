import type { ComputedTensor } from "../architectures/Architecture.js";
import { tensorBytes, type TensorDescription } from "../../common/gguf/encodeGgufHeader.js";
import type { TensorType } from "../../common/gguf/ggmlTypes.js";
import type { ModelTensor } from "../model/SourceModel.js";
import { componentTensors } from "../../common/format/mixllmFormat.js";

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

/** A linear weight, or a stack of experts, quantized with 4 and 8 bits mixed per output channel. */
export interface PlannedMixedWeight {
  readonly treatment: "mixed";
  readonly target: string;
  /** How many weights are stacked; 1 for an ordinary one. Rows of `tensor` are the output channels of all of them. */
  readonly experts: number;
  readonly tensor: ModelTensor;
  /** The width of all its channels, when the user fixed it; else the search chooses. */
  readonly bits?: 4 | 8;
}

/** The mixed weights of a plan, in output order. */
export function mixedWeights(plan: readonly PlannedTensor[]): PlannedMixedWeight[] {
  return plan.filter((planned) => planned.treatment === "mixed");
}

/**
 * The GGUF tensors one planned tensor becomes.
 *
 * @param channels8bit how many output channels of a mixed weight have 8 bits
 */
export function describeOutput(planned: PlannedTensor, channels8bit: number): TensorDescription[] {
  const { target } = planned;
  switch (planned.treatment) {
    case "computed":
      return [{ name: target, type: "f32", ne: [planned.tensor.values.length] }];
    case "stock":
      return [{ name: target, type: planned.type, ne: [...planned.tensor.spec.shape].reverse() }];
    case "mixed":
      return componentTensors(target, {
        inputs: planned.tensor.columns,
        channels4bit: planned.tensor.rows - channels8bit,
        channels8bit,
        experts: planned.experts
      });
  }
}

/**
 * Bytes of what a planned tensor becomes, without padding.
 *
 * @param channels8bit how many output channels of a mixed weight have 8 bits
 */
export function plannedBytes(planned: PlannedTensor, channels8bit = 0): number {
  return describeOutput(planned, channels8bit).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}
