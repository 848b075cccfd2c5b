import type { NativeJob } from "../common/nativeJob.js";
import type { TensorType } from "../common/gguf/ggmlTypes.js";
import type { MethodAddon, SourceRows } from "./MethodAddon.js";
import type { ComponentSuffix } from "../common/format/mixllmFormat.js";

/** What llama.cpp makes of a text, special tokens found in it and added to it. */
export interface TriedText {
  readonly tokens: Int32Array;
  readonly pieces: string;
}

/** The native part of the converter. Work runs off the JavaScript thread; buffers must not be touched meanwhile. */
export interface ConverterAddon extends MethodAddon {
  /** Path of the addon. */
  readonly file: string;

  /**
   * Does with a model file what its first reader does: loads it, but for the data of its tensors, and tokenizes texts
   * and the names of its special tokens. llama.cpp ends the process over some files.
   *
   * @returns of each text its tokens, and their texts one behind the other but for special tokens
   * @throws llama.cpp's reason when it cannot load or use the file
   */
  tryModel(file: string, texts: readonly string[]): NativeJob<TriedText[]>;

  /**
   * Converts rows to a stock type by way of float32.
   *
   * @param out exactly the bytes the rows take in `type`
   * @returns row-major position of the first NaN or infinity (-1 for none; `out` is then incomplete), and how many
   *   values became infinite because a half cannot hold them
   */
  convertRows(
    source: SourceRows,
    type: TensorType,
    out: Uint8Array,
    threads: number
  ): NativeJob<{ firstNonFinite: number; overflowed: number }>;

  /**
   * Squared error of each row when it is rounded to 4 bits.
   *
   * @param out one value a row; infinity for a row 4 bits cannot hold
   */
  weightError(source: SourceRows, out: Float64Array, threads: number): NativeJob<{ firstNonFinite: number }>;

  /**
   * Quantizes a whole weight by rounding to nearest and packs it.
   *
   * @param is8bit one byte an output channel, nonzero for 8 bits; of each expert a multiple of 16 of them
   * @param experts how many weights are stacked, their rows one after the other; 1 for an ordinary one
   * @param out a buffer for every component, of exactly its size, empty for an empty part
   * @returns row-major position of the first NaN or infinity and the first output channel whose range no scale can
   *   hold, each -1 for none; otherwise `out` is incomplete
   */
  quantizeWeight(
    source: SourceRows,
    is8bit: Uint8Array,
    experts: number,
    out: Readonly<Record<ComponentSuffix, Uint8Array>>,
    threads: number
  ): NativeJob<{ firstNonFinite: number; firstOutOfRange: number }>;
}
