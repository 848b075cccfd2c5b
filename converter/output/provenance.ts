import { packageVersion } from "../../common/package.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import type { OutputFormat } from "../plan/ConversionOptions.js";
import { FORMAT_VERSION, GROUP_SIZE } from "../../common/format/mixllmFormat.js";

/**
 * A `general.file_type` that is no stock one: llama.cpp names it "unknown, may not work", node-llama-cpp's `inspect` gives no
 * name. It is the last below llama.cpp's flag for types that it guesses, 1024, and its own count up from 0, to 41 by now.
 */
const NO_STOCK_TYPE = 1023;

/** `general.file_type`: llama.cpp's number for what most tensors are stored as. It has none for MixLLM. */
export const FILE_TYPES: Readonly<Record<OutputFormat, number>> = { mixllm: NO_STOCK_TYPE, f16: 1, q8_0: 7, bf16: 32 };

/** Stands for the fingerprint until every weight has been read; equally long. */
export const PENDING_FINGERPRINT = "0".repeat(64);

/** What a MixLLM file says about how it was made. */
export interface Provenance {
  readonly bitsPerWeight: number;
  readonly percent8bit: number;
  readonly method: string;
  readonly search: string;
  /** How many tensors were equalized; `off` where none was to be. */
  readonly equalization: string;
  /** How many tensors' output channels make good for each other's errors; `off` where none do. */
  readonly rowFeedback: string;
  readonly calibration: string;
  /** The options that determine the output, as they would be typed. */
  readonly command: string;
}

/**
 * Writes the `mixllm.*` keys.
 *
 * @param fingerprint SHA-256 of the source weights
 */
export function writeProvenance(metadata: Metadata, provenance: Provenance, fingerprint: string): void {
  metadata.uint32("mixllm.version", FORMAT_VERSION);
  metadata.uint32("mixllm.group_size", GROUP_SIZE);
  metadata.float32("mixllm.bits_per_weight", provenance.bitsPerWeight);
  metadata.float32("mixllm.percent_8bit", provenance.percent8bit);
  metadata.string("mixllm.method", provenance.method);
  metadata.string("mixllm.search", provenance.search);
  metadata.string("mixllm.equalization", provenance.equalization);
  metadata.string("mixllm.row_feedback", provenance.rowFeedback);
  metadata.string("mixllm.calibration", provenance.calibration === "" ? "none" : provenance.calibration);
  metadata.string("mixllm.source", `sha256:${fingerprint} mixllm ${packageVersion}`);
  metadata.string("mixllm.command", provenance.command);
}
