import type { Footprint, FootprintOptions } from "../footprint/measureFootprint.js";
import type { ImportanceOptions } from "../stock/computeImportanceMatrix.js";
import type { QualityFigures } from "../quality/QualityFigures.js";
import type { QualityOptions } from "../quality/measureQuality.js";
import type { SpeedOptions } from "../speed/measureSpeed.js";
import type { SpeedReport } from "../speed/SpeedReport.js";

type Data<T> = { [K in keyof T as NonNullable<T[K]> extends (...args: never[]) => unknown ? never : K]: T[K] };

/** One piece of work of a comparison, which runs in a process of its own. */
export type WorkRequest =
  /** Arguments of mixllm-convert. */
  | { kind: "convert"; arguments: string[] }
  | { kind: "imatrix"; options: Omit<Data<ImportanceOptions>, "signal"> }
  | { kind: "quantize"; input: string; output: string; type: string; imatrix?: string; threads: number }
  | { kind: "quality"; options: Omit<Data<QualityOptions>, "signal"> }
  | { kind: "footprint"; options: FootprintOptions & { model: string } }
  | { kind: "speed"; options: Omit<Data<SpeedOptions>, "signal"> };

/** What each kind of work results in. */
export interface WorkResults {
  convert: undefined;
  imatrix: undefined;
  quantize: undefined;
  quality: QualityFigures;
  footprint: Footprint;
  speed: SpeedReport;
}

/** What a worker tells the process that started it. */
export type WorkerMessage =
  | { kind: "progress"; fraction: number }
  | { kind: "result"; result: unknown }
  /** Something the user can mend. */
  | { kind: "refused"; message: string; fix?: string }
  /** A bug. */
  | { kind: "failed"; stack: string };
