import type { ComputedTensor } from "../architectures/ComputedTensor.js";
import type { DecoderConfig } from "../architectures/DecoderConfig.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import type { ModelTensor } from "./ModelTensor.js";
import type { StoredWeights } from "./StoredWeights.js";

/** A model to convert, everything but its weights' values read and checked. */
export interface SourceModel {
  /** `general.architecture`. */
  readonly architecture: string;
  readonly decoder: DecoderConfig;
  /** Whether rope rotates neighbouring rows of queries and keys, as llama.cpp has the Llama family do, rather than halves. */
  readonly interleavedRope: boolean;
  readonly weights: StoredWeights;
  /** In the order they are written. */
  readonly tensors: readonly ModelTensor[];
  /** Written before `tensors`. */
  readonly computedTensors: readonly ComputedTensor[];

  /**
   * Everything the converted file says about the model, in the order it is written.
   *
   * @param fileType `general.file_type`: llama.cpp's number for what most tensors are stored as
   * @throws {InvalidInputError} the tokenizer is missing, malformed or unknown
   */
  metadata(fileType: number): Promise<Metadata>;

  close(): Promise<void>;
}
