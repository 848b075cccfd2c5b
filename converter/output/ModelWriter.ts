import { encodeGgufHeader, type TensorDescription, tensorBytes, aligned } from "../../common/gguf/encodeGgufHeader.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import { OutputFile } from "./OutputFile.js";

/**
 * Writes a GGUF file whose tensors arrive in any order, whole or in slices.
 *
 * The header comes last, so that it can state what is only known once all weights have been read; only its length has
 * to be known at the start.
 */
export class ModelWriter {
  readonly #tensors: readonly TensorDescription[];
  readonly #positions: ReadonlyMap<string, number>;
  readonly #headerLength: number;
  readonly #size: number;
  readonly #file: OutputFile;

  private constructor(
    tensors: readonly TensorDescription[],
    layout: { positions: ReadonlyMap<string, number>; headerLength: number; size: number },
    file: OutputFile
  ) {
    this.#tensors = tensors;
    this.#positions = layout.positions;
    this.#headerLength = layout.headerLength;
    this.#size = layout.size;
    this.#file = file;
  }

  /**
   * Lays out the file and creates it under a temporary name.
   *
   * @param metadata as it will finally be, up to the values of strings, whose lengths must not change
   */
  static async create(path: string, metadata: Metadata, tensors: readonly TensorDescription[]): Promise<ModelWriter> {
    const { header, offsets } = encodeGgufHeader(metadata.entries(), tensors);
    const positions = new Map(tensors.map(({ name }, i) => [name, header.length + (offsets[i] ?? NaN)]));
    const last = tensors.at(-1);
    const size = last === undefined ? header.length : (positions.get(last.name) ?? NaN) + aligned(tensorBytes(last));
    const file = await OutputFile.create(path, size);
    return new ModelWriter(tensors, { positions, headerLength: header.length, size }, file);
  }

  /** Bytes of the whole file. */
  get size(): number {
    return this.#size;
  }

  /** Writes bytes of a tensor from its byte `start` on. */
  async write(name: string, data: Uint8Array, start = 0): Promise<void> {
    const position = this.#positions.get(name);
    if (position === undefined) throw new Error(`${name} is not part of this file`);
    await this.#file.write(position + start, data);
  }

  /** Writes the header and gives the file its name. */
  async finish(metadata: Metadata): Promise<void> {
    const { header } = encodeGgufHeader(metadata.entries(), this.#tensors);
    if (header.length !== this.#headerLength) throw new Error("the GGUF header changed its length");
    await this.#file.write(0, header);
    await this.#file.commit(this.#size);
  }

  /** Removes the unfinished file. */
  async discard(): Promise<void> {
    await this.#file.discard();
  }
}
