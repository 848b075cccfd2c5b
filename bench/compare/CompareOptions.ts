import { basename } from "node:path";
import type { WorkRunner } from "../worker/runInWorker.js";
import type { UntimedModel } from "./Comparison.js";

/** One way to store the model, as it takes part in a comparison. */
export type Contender =
  /** Quantized by llama.cpp. */
  | { kind: "stock"; type: string }
  /** Converted with this share of 8-bit output channels. */
  | { kind: "mixllm"; percent8bit: number }
  /** Converted with as many 8-bit output channels as make this average over the decoder's linear weights. */
  | { kind: "mixllm"; bitsPerWeight: number }
  /** A GGUF that is there already. */
  | { kind: "file"; path: string };

/** What a contender is called in tables: `Q4_K_M`, `MixLLM p10`, `MixLLM 4.8`, `mine.gguf`. */
export function contenderName(contender: Contender): string {
  switch (contender.kind) {
    case "stock":
      return contender.type;
    case "mixllm":
      return `MixLLM ${"percent8bit" in contender ? `p${contender.percent8bit}` : contender.bitsPerWeight}`;
    case "file":
      return basename(contender.path);
  }
}

export interface CompareOptions {
  /** A Hugging Face model directory, or an unquantized GGUF. */
  source: string;
  /** Path of the text to measure quality on. */
  text: string;
  /** Path of a text to calibrate on; without one, no importance matrix takes part. */
  calibration?: string;
  /** Folder for models and results; reused when it is there. */
  output: string;
  contenders: readonly Contender[];
  /** Tokens a chunk; 512 unless given. */
  context?: number;
  /** Chunks of the text; all unless given. */
  chunks?: number;
  /** Chunks of 512 tokens of the calibration text, for MixLLM and the importance matrix alike; 64 unless given. */
  calibrationChunks?: number;
  /** Tokens of the prompt and generation tests (0 leaves them out), tokens before them, and how often they run. */
  prompt?: readonly number[];
  generate?: readonly number[];
  depth?: readonly number[];
  repeat?: number;
  /** All that the machine offers unless given. */
  threads?: number;
  /** Layers on the GPU while speed and memory are measured; none unless given. */
  gpuLayers?: number;
  /** The command line, for the record. */
  command: string[];
  onProgress?: (fraction: number, step: string) => void;
  /** Called with each model when all but its speed is measured. */
  onModel?: (model: UntimedModel) => void;
  signal?: AbortSignal;
  /** How work is run; in processes of its own unless given. */
  runWork?: WorkRunner;
}
