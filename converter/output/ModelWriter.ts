import { encodeGgufHeader, type TensorDescription, tensorBytes, aligned } from "../../common/gguf/encodeGgufHeader.js";
import type { Metadata } from "../../common/gguf/Metadata.js";
import { OutputFile } from "./OutputFile.js";

/** Ends the names of the components that llama.cpp looks into when it loads a MixLLM file, and of 8-bit channels. */
const MASK = ".mask";
const W8 = ".w8";

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
   * @param room bytes that the disk must have; all of the file's unless most of it is to be a hole
   */
  static async create(
    path: string,
    metadata: Metadata,
    tensors: readonly TensorDescription[],
    room?: number
  ): Promise<ModelWriter> {
    const { header, offsets } = encodeGgufHeader(metadata.entries(), tensors);
    const positions = new Map(tensors.map(({ name }, i) => [name, header.length + (offsets[i] ?? NaN)]));
    const last = tensors.at(-1);
    const size = last === undefined ? header.length : (positions.get(last.name) ?? NaN) + aligned(tensorBytes(last));
    const file = await OutputFile.create(path, room ?? size);
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

  /**
   * Writes the header and gives the file its name.
   *
   * @param look is shown the whole file before; an error that it throws keeps the file from its name
   */
  async finish(metadata: Metadata, look?: (file: string) => Promise<void>): Promise<void> {
    const file = await this.#complete(metadata);
    await look?.(file);
    await this.#file.commit();
  }

  /**
   * Shows a file with the given metadata and tensors, whose data is a hole but for the masks, and removes it.
   *
   * @param path what the file that is going to be written will be called; this one never has that name
   * @param look is shown the file; its error is passed on
   */
  static async rehearse(
    path: string,
    metadata: Metadata,
    tensors: readonly TensorDescription[],
    look: (file: string) => Promise<void>
  ): Promise<void> {
    const { header } = encodeGgufHeader(metadata.entries(), tensors);
    const writer = await ModelWriter.create(path, metadata, tensors, header.length);
    try {
      const channels8bit = new Map(
        tensors.flatMap(({ name, ne }) => (name.endsWith(W8) ? [[name.slice(0, -W8.length), ne[1]] as const] : []))
      );
      for (const { name, ne } of tensors.filter((tensor) => tensor.name.endsWith(MASK))) {
        const count = channels8bit.get(name.slice(0, -MASK.length)) ?? 0;
        await writer.write(name, new Uint8Array(ne[0] ?? 0).fill(0xff, 0, count / 8));
      }
      await look(await writer.#complete(metadata));
    } finally {
      await writer.discard();
    }
  }

  async #complete(metadata: Metadata): Promise<string> {
    const { header } = encodeGgufHeader(metadata.entries(), this.#tensors);
    if (header.length !== this.#headerLength) throw new Error("the GGUF header changed its length");
    await this.#file.write(0, header);
    return this.#file.complete(this.#size);
  }

  /** Removes the unfinished file. */
  async discard(): Promise<void> {
    await this.#file.discard();
  }
}
