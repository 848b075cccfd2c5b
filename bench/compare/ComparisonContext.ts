import type { CompareOptions } from "./CompareOptions.js";
import type { WorkKind } from "./planWork.js";
import type { Workshop } from "./Workshop.js";

/** Options with a default. */
type Defaulted = "context" | "calibrationChunks" | "prompt" | "generate" | "depth" | "repeat" | "threads" | "gpuLayers";

/** What every step of a comparison works with. */
export interface ComparisonContext {
  readonly options: CompareOptions & Required<Pick<CompareOptions, Defaulted>>;
  readonly workshop: Workshop;
  /** Of what was given. */
  readonly sha256: { readonly source: string; readonly text: string; readonly calibration: string | undefined };
  /** Says that the next piece of work of a kind is due; returns what takes how much of it is done, 0 to 1. */
  readonly step: (kind: WorkKind, label: string) => (done: number) => void;
}
