import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { openRegularFile, readFully } from "../../common/files/readFiles.js";
import { InvalidInputError, NotGgufFileError } from "../../common/errors.js";
import type { GgufHeader } from "../../common/gguf/GgufHeader.js";
import { ggmlTypeSize } from "../../common/gguf/ggmlTypes.js";
import { readGgufHeader } from "../../common/gguf/readGgufHeader.js";
import type { StoredTensor, StoredWeights } from "../model/SourceModel.js";

/** How llama.cpp names the parts of a split model; the first has number 1. */
const PART_NAME = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/;

interface Part {
  readonly path: string;
  readonly header: GgufHeader;
}

interface OpenPart extends Part {
  readonly handle: FileHandle;
}

/** A GGUF model in one file or split over several, headers checked; tensors are read by range. */
export class GgufFiles implements StoredWeights {
  /** Of the first file, which has all metadata. */
  readonly header: GgufHeader;
  /** In the order of the files. */
  readonly tensors: readonly StoredTensor[];
  readonly #parts: readonly OpenPart[];
  readonly #partOf: ReadonlyMap<string, OpenPart>;

  private constructor(parts: readonly [OpenPart, ...OpenPart[]]) {
    this.#parts = parts;
    this.header = parts[0].header;
    const partOf = new Map<string, OpenPart>();
    for (const part of parts) {
      for (const { name } of part.header.tensors) {
        const other = partOf.get(name);
        if (other !== undefined) {
          throw new InvalidInputError(`tensor "${name}" is in both ${other.path} and ${part.path}`);
        }
        partOf.set(name, part);
      }
    }
    this.#partOf = partOf;
    this.tensors = parts.flatMap(({ header }) =>
      header.tensors.map(({ name, type, dimensions, fileOffset, byteLength }) => ({
        name,
        dtype: ggmlTypeSize(type)?.name ?? `of the unknown number ${type}`,
        shape: dimensions.toReversed(),
        offset: fileOffset,
        byteLength: byteLength ?? 0
      }))
    );
  }

  /**
   * Opens a model by its only or first file.
   *
   * @throws {InvalidInputError} a file is missing, is no GGUF, is damaged or belongs to another model
   */
  static async open(file: string): Promise<GgufFiles> {
    const parts = await readParts(file);
    const handles: FileHandle[] = [];
    try {
      const opened: OpenPart[] = [];
      for (const part of parts) {
        const handle = await openRegularFile(part.path);
        handles.push(handle);
        opened.push({ ...part, handle });
      }
      return new GgufFiles(opened as [OpenPart, ...OpenPart[]]);
    } catch (error) {
      await Promise.all(handles.map((handle) => handle.close()));
      throw error;
    }
  }

  get headers(): readonly GgufHeader[] {
    return this.#parts.map((part) => part.header);
  }

  get paths(): readonly string[] {
    return this.#parts.map((part) => part.path);
  }

  /** The bytes of a metadata value, led by its type's number, as they are in the first file. */
  async metadataBytes(key: string): Promise<Uint8Array> {
    const place = this.header.places.get(key);
    const [first] = this.#parts;
    if (place === undefined || first === undefined) throw new Error(`there is no metadata key ${key}`);
    const bytes = new Uint8Array(place.end - place.start);
    await readFully(first.handle, first.path, bytes, place.start);
    return bytes;
  }

  async read(tensor: StoredTensor, start: number, buffer: Uint8Array): Promise<void> {
    const part = this.#partOf.get(tensor.name);
    if (part === undefined) throw new Error(`tensor ${tensor.name} is not of this model`);
    await readFully(part.handle, part.path, buffer, tensor.offset + start);
  }

  async close(): Promise<void> {
    await Promise.all(this.#parts.map(({ handle }) => handle.close()));
  }
}

async function readParts(file: string): Promise<Part[]> {
  const header = await readHeader(file);
  const count = splitNumber(header, "split.count") ?? 1;
  if (count <= 1) return [{ path: file, header }];

  const [, stem, number, total] = PART_NAME.exec(path.basename(file)) ?? [];
  if (stem === undefined || Number(total) !== count) {
    throw new InvalidInputError(`${file} is one of ${count} files of a split model, and its name does not say which`, {
      fix: `Give the files the names they had: NAME-00001-of-${pad(count)}.gguf and so on.`
    });
  }
  const nameOf = (index: number): string => path.join(path.dirname(file), `${stem}-${pad(index)}-of-${total}.gguf`);
  if (Number(number) !== 1) {
    throw new InvalidInputError(`${file} is not the first file of a split model`, { fix: `Give ${nameOf(1)}.` });
  }
  const parts: Part[] = [{ path: file, header }];
  for (let index = 2; index <= count; index++) {
    const name = nameOf(index);
    parts.push({ path: name, header: await readHeader(name, `part ${index} of ${count} of the model ${file}`) });
  }
  for (const [index, part] of parts.entries()) {
    if (splitNumber(part.header, "split.no") !== index || splitNumber(part.header, "split.count") !== count) {
      throw new InvalidInputError(`${part.path} is not part ${index + 1} of ${count} of a model, as its name says`, {
        fix: "The files do not belong together: download or split the model again."
      });
    }
  }
  const expected = splitNumber(header, "split.tensors.count");
  const found = parts.reduce((sum, part) => sum + part.header.tensors.length, 0);
  if (expected !== undefined && expected !== found) {
    throw new InvalidInputError(`${file} announces ${expected} tensors in ${count} files, and they hold ${found}`, {
      fix: "The files do not belong together: download or split the model again."
    });
  }
  return parts;
}

/** @param missing what is missing when there is no such file, if that is worth telling */
async function readHeader(file: string, missing?: string): Promise<GgufHeader> {
  try {
    return await readGgufHeader(file);
  } catch (error) {
    if (error instanceof NotGgufFileError) {
      throw new InvalidInputError(error.message, {
        fix: "Give the folder of a Hugging Face model, the one that holds config.json, or an F16, BF16 or F32 GGUF.",
        cause: error
      });
    }
    if (missing !== undefined && isAbsent(error)) {
      throw new InvalidInputError(`there is no ${file}, ${missing}`, {
        fix: "Finish the download, then run the same command again.",
        cause: error
      });
    }
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
}

function splitNumber(header: GgufHeader, key: string): number | undefined {
  const value = header.metadata.get(key);
  return typeof value === "number" ? value : undefined;
}

function pad(number: number): string {
  return String(number).padStart(5, "0");
}
