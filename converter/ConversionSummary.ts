import type { TensorType } from "../common/gguf/ggmlTypes.js";
import type { OutputFormat } from "./plan/ConversionOptions.js";

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
