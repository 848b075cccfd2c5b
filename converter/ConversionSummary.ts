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
  readonly equalization: string;
  readonly rowFeedback: string;
  readonly calibration: string;
  readonly command: string;
  /** What search and quantization were computed on; absent without calibration. */
  readonly device?: string;
  readonly weights: readonly MixedWeightSummary[];
  /** Experts that few calibration tokens were for; absent where nothing was calibrated or no expert is such. */
  readonly sparseExperts?: readonly SparseExpert[];
}

export interface MixedWeightSummary {
  readonly name: string;
  /** Of a stack, those of all experts. */
  readonly outputChannels: number;
  readonly inputChannels: number;
  readonly channels8bit: number;
  /** How many of them each expert of a stack has. */
  readonly experts?: readonly number[];
}

/** An expert that was chosen for fewer than `FEW_TOKENS` calibration tokens. */
export interface SparseExpert {
  /** Number of the decoder block. */
  readonly layer: number;
  readonly expert: number;
  readonly tokens: number;
}

/** An expert that sees fewer calibration tokens goes more by its layer's mean Hessian than by its own. */
export const FEW_TOKENS = 128;

/**
 * The experts that see few calibration tokens, each once.
 *
 * @param tokens what each expert of a stack saw, by the stack's name
 */
export function findSparseExperts(tokens: ReadonlyMap<string, readonly number[]>): SparseExpert[] {
  const found = new Map<string, SparseExpert>();
  for (const [name, counts] of tokens) {
    const layer = Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? NaN);
    for (const [expert, count] of counts.entries()) {
      if (count < FEW_TOKENS) found.set(`${layer} ${expert}`, { layer, expert, tokens: count });
    }
  }
  return [...found.values()];
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
  weights: readonly {
    readonly planned: PlannedMixedWeight;
    readonly channels8bit: number;
    readonly is8bit: Uint8Array;
  }[]
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
    weights: weights.map(({ planned: { target, tensor, experts }, channels8bit: count, is8bit }) => ({
      name: target,
      outputChannels: tensor.rows,
      inputChannels: tensor.columns,
      channels8bit: count,
      ...(experts > 1 ? { experts: countByExpert(is8bit, experts) } : {})
    }))
  };
}

function countByExpert(is8bit: Uint8Array, experts: number): number[] {
  const channels = is8bit.length / experts;
  return Array.from({ length: experts }, (_, expert) =>
    is8bit.subarray(expert * channels, (expert + 1) * channels).reduce((sum, flag) => sum + flag, 0)
  );
}
