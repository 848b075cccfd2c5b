import type { MixLlmTensor } from "../../common/format/MixLlmTensor.js";
import type { Footprint } from "../footprint/measureFootprint.js";
import type { QualityFigures } from "../quality/QualityFigures.js";
import type { SpeedFigures } from "../speed/SpeedReport.js";

/** One contender with all that was measured of it. */
export interface ComparedModel {
  name: string;
  /** Whether llama.cpp's own types hold it, MixLLM, or no quantization at all. */
  family: "unquantized" | "stock" | "mixllm";
  /** How it came to be: a command, or words. */
  origin: string;
  file: string;
  sha256: string;
  fileBytes: number;
  /** Bits of all its tensors over the weights of the unquantized model. */
  bitsPerWeight: number;
  /** Only of MixLLM models: the decoder's linear weights and their 8-bit output channels. */
  tensors?: readonly MixLlmTensor[];
  quality: QualityFigures;
  speed: SpeedFigures[];
  footprint: Footprint;
}

/** Result of `compare`. */
export interface Comparison {
  /** Version of this form; a reader refuses another one. */
  version: 1;
  /** When it was finished, ISO 8601. */
  date: string;
  /** What was compared: the directory or file as it was given. */
  source: string;
  sourceSha256: string;
  text: { file: string; sha256: string };
  calibration?: { file: string; sha256: string };
  /** Threads that computed, and rounds of the speed test. */
  settings: { threads: number; repeat: number };
  machine: { cpu: string; cores: number; memoryBytes: number; system: string };
  versions: { mixllm: string; nodeLlamaCpp: string; llamaCpp: string; node: string; runtime: string };
  /** Arguments of mixllm-bench. */
  command: string[];
  /** The unquantized model first. */
  models: ComparedModel[];
}

/** A model before its speed is measured, for which all take turns. */
export type UntimedModel = Omit<ComparedModel, "speed">;
