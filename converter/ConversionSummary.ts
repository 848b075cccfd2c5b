import type { TensorType } from "../common/gguf/ggmlTypes.js";
import type { OutputFormat } from "./plan/ConversionOptions.js";
import { plannedBytes, type PlannedMixedWeight } from "./plan/PlannedTensor.js";

/** What a conversion did, as `--json` prints it. */
export interface ConversionSummary {
  readonly output: string;
  /** Size of the file. */
  readonly bytes: number;
  readonly format: OutputFormat;
  /** SHA-256 of the source weights. */
  readonly source: string;
  /** Only for MixLLM files. */
  readonly mixed?: MixedSummary;
  readonly stock: readonly StockTensorSummary[];
}

export interface MixedSummary {
  readonly bitsPerWeight: number;
  readonly percent8bit: number;
  readonly method: string;
  readonly search: string;
  readonly calibration: string;
  readonly command: string;
  /** What search and quantization were computed on; absent without calibration. */
  readonly device?: string;
  readonly weights: readonly MixedWeightSummary[];
}

export interface MixedWeightSummary {
  readonly name: string;
  readonly outputChannels: number;
  readonly inputChannels: number;
  readonly channels8bit: number;
}

export interface StockTensorSummary {
  readonly name: string;
  readonly type: TensorType;
  /** Why it is not stored as asked for, if it is not. */
  readonly note?: string;
}

export interface MixSummary {
  /** Bits of all component tensors over the weights they stand for; 0 when there are none. */
  readonly bitsPerWeight: number;
  /** Share of 8-bit output channels over all weights; 0 when there are none. */
  readonly percent8bit: number;
  readonly weights: readonly MixedWeightSummary[];
}

/** Adds up what a choice of 8-bit channels costs. */
export function summarizeMix(
  weights: readonly { readonly planned: PlannedMixedWeight; readonly channels8bit: number }[]
): MixSummary {
  let bytes = 0;
  let values = 0;
  let channels = 0;
  let channels8bit = 0;
  for (const weight of weights) {
    const { tensor } = weight.planned;
    bytes += plannedBytes(weight.planned, weight.channels8bit);
    values += tensor.rows * tensor.columns;
    channels += tensor.rows;
    channels8bit += weight.channels8bit;
  }
  return {
    bitsPerWeight: values === 0 ? 0 : (8 * bytes) / values,
    percent8bit: channels === 0 ? 0 : (100 * channels8bit) / channels,
    weights: weights.map(({ planned: { target, tensor }, channels8bit: count }) => ({
      name: target,
      outputChannels: tensor.rows,
      inputChannels: tensor.columns,
      channels8bit: count
    }))
  };
}
