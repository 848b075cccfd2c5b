import type { TensorType } from "../../common/gguf/ggmlTypes.js";
import { spendableBytes } from "./budget.js";
import type { Budget } from "./ConversionOptions.js";
import { ROW_TILE } from "../../common/format/mixllmFormat.js";
import { mixedWeights, plannedBytes, type PlannedMixedWeight, type PlannedTensor } from "./PlannedTensor.js";

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
  /** Output channels of all mixed weights. */
  readonly channels: number;
  readonly channels8bit: number;
  /** Of the mixed weights, with 8-bit channels spread evenly. */
  readonly bitsPerWeight: number;
  /** Bytes of all tensor data if the weights with the shortest rows got all 8-bit channels. */
  readonly leastBytes: number;
  /** Bytes of all tensor data if the weights with the longest rows got all 8-bit channels. */
  readonly mostBytes: number;
}

/**
 * @param otherBytes bytes of the file beside the mixed weights
 * @throws {InvalidInputError} no choice of channels meets the budget
 */
export function estimatePlan(plan: readonly PlannedTensor[], budget: Budget, otherBytes: number): PlanEstimate {
  const weights = mixedWeights(plan);
  const free = weights.filter(({ bits }) => bits === undefined);
  const channels = weights.reduce((sum, { tensor }) => sum + tensor.rows, 0);
  const freeChannels = free.reduce((sum, { tensor }) => sum + tensor.rows, 0);
  const fixed8bit = weights.reduce((sum, { tensor, bits }) => sum + (bits === 8 ? tensor.rows : 0), 0);
  const free8bit =
    budget.unit === "percent"
      ? ROW_TILE * Math.round(((freeChannels / ROW_TILE) * budget.percent) / 100)
      : freeChannels * shareWithin(weights, budget, otherBytes);
  const channels8bit = fixed8bit + Math.round(free8bit);
  const share = freeChannels === 0 ? 0 : free8bit / freeChannels;

  const tensors = plan.map((planned): TensorEstimate => {
    const { target } = planned;
    switch (planned.treatment) {
      case "computed":
        return { name: target, shape: [planned.tensor.values.length], type: "f32", bytes: plannedBytes(planned) };
      case "stock": {
        const { type, note } = planned;
        const estimate = { name: target, shape: planned.tensor.spec.shape, type, bytes: plannedBytes(planned) };
        return note === undefined ? estimate : { ...estimate, note };
      }
      case "mixed": {
        const [all4, all8] = [plannedBytes(planned), plannedBytes(planned, planned.tensor.rows)];
        const own = planned.bits === undefined ? share : planned.bits === 8 ? 1 : 0;
        const bytes = Math.round(all4 + own * (all8 - all4));
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
  const freeNames = new Set(free.map(({ target }) => target));
  const rest = tensors.filter(({ name }) => !freeNames.has(name)).reduce((sum, tensor) => sum + tensor.bytes, 0);
  const byRowLength = free.toSorted((a, b) => a.tensor.columns - b.tensor.columns);
  // A budget in bytes is met whichever channels are chosen.
  const [leastBytes, mostBytes] =
    budget.unit === "percent"
      ? [rest + sizeWhenFilled(byRowLength, free8bit), rest + sizeWhenFilled(byRowLength.toReversed(), free8bit)]
      : [bytes, bytes];
  return {
    tensors,
    bytes,
    sourceBytes,
    mixed: {
      weights: weights.length,
      channels,
      channels8bit,
      bitsPerWeight: (8 * mixedBytes) / values,
      leastBytes,
      mostBytes
    }
  };
}

/** The share of channels in 8 bits that uses a budget up if they are spread evenly. */
function shareWithin(
  weights: readonly PlannedMixedWeight[],
  budget: Exclude<Budget, { unit: "percent" }>,
  otherBytes: number
): number {
  const spendable = spendableBytes(weights, budget, otherBytes);
  const all = weights
    .filter(({ bits }) => bits === undefined)
    .reduce((sum, planned) => sum + plannedBytes(planned, planned.tensor.rows) - plannedBytes(planned), 0);
  return all === 0 ? 0 : Math.min(1, spendable / all);
}

/** Bytes of mixed weights when 8-bit channels are given to them in order until there are none left. */
function sizeWhenFilled(weights: readonly PlannedMixedWeight[], channels8bit: number): number {
  let left = channels8bit;
  return weights.reduce((sum, weight) => {
    const taken = Math.min(left, weight.tensor.rows);
    left -= taken;
    return sum + plannedBytes(weight, taken);
  }, 0);
}
