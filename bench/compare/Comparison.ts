import type { QualityFigures } from "../quality/QualityFigures.js";
import type { SpeedFigures } from "../speed/SpeedFigures.js";
import type { Footprint } from "../footprint/Footprint.js";

/** One contender with all that was measured of it. */
export interface ComparedModel {
  name: string;
  file: string;
  sha256: string;
  fileBytes: number;
  /** Bits of all its tensors over the weights of the unquantized model. */
  bitsPerWeight: number;
  quality: QualityFigures;
  speed: SpeedFigures[];
  footprint: Footprint;
}

/** Result of `compare`. */
export interface Comparison {
  /** What was compared: the directory or file as it was given. */
  source: string;
  sourceSha256: string;
  text: { file: string; sha256: string };
  calibration?: { file: string; sha256: string };
  machine: { cpu: string; cores: number; memoryBytes: number; system: string };
  versions: { mixllm: string; nodeLlamaCpp: string; llamaCpp: string; node: string; runtime: string };
  /** Arguments of mixllm-bench. */
  command: string[];
  models: ComparedModel[];
}
