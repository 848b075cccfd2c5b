import type { TensorType } from "../gguf/TensorType.js";
import { byteLength, describeOutput } from "./describeOutput.js";
import { mixedWeights } from "./mixedWeights.js";
import { ROW_TILE } from "./mixedFormat.js";
import type { PlannedMixedWeight, PlannedTensor } from "./PlannedTensor.js";

/** What a plan will take, before the 8-bit channels have been chosen. */
export interface PlanEstimate {
  readonly tensors: readonly TensorEstimate[];
  /** Bytes of all tensor data; an estimate when there are mixed weights. */
  readonly bytes: number;
  /** Bytes of the source weights. */
  readonly sourceBytes: number;
  readonly mixed?: MixedEstimate;
}

export interface TensorEstimate {
  readonly name: string;
  /** Slowest dimension first. */
  readonly shape: readonly number[];
  readonly type: TensorType | "mixllm";
  readonly bytes: number;
  /** Why it is not stored as asked for, if it is not. */
  readonly note?: string;
}

export interface MixedEstimate {
  readonly weights: number;
  /** Output features of all mixed weights. */
  readonly features: number;
  readonly features8bit: number;
  /** Of the mixed weights, with 8-bit channels spread evenly. */
  readonly bitsPerWeight: number;
  /** Bytes of all tensor data if the weights with the shortest rows got all 8-bit channels. */
  readonly leastBytes: number;
  /** Bytes of all tensor data if the weights with the longest rows got all 8-bit channels. */
  readonly mostBytes: number;
}

/** @param percent8bit share of output channels in 8 bits, 0 to 100 */
export function estimatePlan(plan: readonly PlannedTensor[], percent8bit: number): PlanEstimate {
  const weights = mixedWeights(plan);
  const features = weights.reduce((sum, { tensor }) => sum + tensor.rows, 0);
  const features8bit = ROW_TILE * Math.round(((features / ROW_TILE) * percent8bit) / 100);
  const share = features === 0 ? 0 : features8bit / features;

  const tensors = plan.map((planned): TensorEstimate => {
    const { target } = planned;
    switch (planned.treatment) {
      case "computed":
        return { name: target, shape: [planned.tensor.values.length], type: "f32", bytes: sizeOf(planned, 0) };
      case "stock": {
        const { type, note } = planned;
        const estimate = { name: target, shape: planned.tensor.spec.shape, type, bytes: sizeOf(planned, 0) };
        return note === undefined ? estimate : { ...estimate, note };
      }
      case "mixed": {
        const [all4, all8] = [sizeOf(planned, 0), sizeOf(planned, planned.tensor.rows)];
        const bytes = Math.round(all4 + share * (all8 - all4));
        return { name: target, shape: planned.tensor.spec.shape, type: "mixllm", bytes };
      }
    }
  });

  const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  const sourceBytes = plan.reduce(
    (sum, planned) => sum + (planned.treatment === "computed" ? 0 : planned.tensor.stored.byteLength),
    0
  );
  if (weights.length === 0) return { tensors, bytes, sourceBytes };

  const names = new Set(weights.map(({ target }) => target));
  const mixedBytes = tensors.filter(({ name }) => names.has(name)).reduce((sum, tensor) => sum + tensor.bytes, 0);
  const values = weights.reduce((sum, { tensor }) => sum + tensor.rows * tensor.columns, 0);
  const rest = bytes - mixedBytes;
  const byRowLength = weights.toSorted((a, b) => a.tensor.columns - b.tensor.columns);
  return {
    tensors,
    bytes,
    sourceBytes,
    mixed: {
      weights: weights.length,
      features,
      features8bit,
      bitsPerWeight: (8 * mixedBytes) / values,
      leastBytes: rest + sizeWhenFilled(byRowLength, features8bit),
      mostBytes: rest + sizeWhenFilled(byRowLength.toReversed(), features8bit)
    }
  };
}

function sizeOf(planned: PlannedTensor, features8bit: number): number {
  return describeOutput(planned, features8bit).reduce((sum, tensor) => sum + byteLength(tensor), 0);
}

/** Bytes of mixed weights when 8-bit features are given to them in order until there are none left. */
function sizeWhenFilled(weights: readonly PlannedMixedWeight[], features8bit: number): number {
  let left = features8bit;
  return weights.reduce((sum, weight) => {
    const taken = Math.min(left, weight.tensor.rows);
    left -= taken;
    return sum + sizeOf(weight, taken);
  }, 0);
}
