import { createHash } from "node:crypto";
import { InvalidInputError } from "../../common/errors.js";
import type { SourceRows, WeightFactors } from "../MethodAddon.js";
import type { ModelTensor, SourceType, StoredWeights } from "./SourceModel.js";

/** Rows of a tensor, in the order the output has them. */
export interface RowChunk {
  readonly source: SourceRows;
  /** First row of the output this chunk holds. */
  readonly start: number;
}

/** Large enough to keep every core busy, small enough that an embedding of gigabytes never lies in memory. */
const CHUNK_BYTES = 64 * 1024 * 1024;

/** Reads weights by range, makes of them what the output has, and fingerprints what it read. */
export class WeightReader {
  readonly #weights: StoredWeights;
  readonly #digests = new Map<string, string>();
  readonly #signal: AbortSignal;
  readonly #chunkBytes: number;
  #factors: ReadonlyMap<string, WeightFactors> = new Map();

  /**
   * @param signal ends a read between chunks with the signal's reason
   * @param chunkBytes how much of a tensor `chunks` reads at a time
   */
  constructor(weights: StoredWeights, signal: AbortSignal, chunkBytes = CHUNK_BYTES) {
    this.#weights = weights;
    this.#signal = signal;
    this.#chunkBytes = chunkBytes;
  }

  /** Gives weights with these factors from now on, by name in the output. */
  equalize(factors: ReadonlyMap<string, WeightFactors>): void {
    this.#factors = factors;
  }

  /** SHA-256 of the factors that weights are given with, `none` where there are none. */
  get equalization(): string {
    if (this.#factors.size === 0) return "none";
    const digest = createHash("sha256");
    for (const [name, { columns, rows }] of [...this.#factors].sort(([a], [b]) => (a < b ? -1 : 1))) {
      digest.update(`${name} ${columns.length} ${rows.length}\n`).update(columns).update(rows);
    }
    return digest.digest("hex");
  }

  /** Reads a whole tensor. */
  async read(tensor: ModelTensor): Promise<SourceRows> {
    return this.#rowsOf(tensor, await this.#read(tensor), 0, tensor.rows);
  }

  /** Rows that have the same factors of columns: those of an expert, or all. */
  #rowsAlike({ spec, rows, columns }: ModelTensor): number {
    const factors = this.#factors.get(spec.target)?.columns.length ?? 0;
    return factors === 0 ? rows : (rows * columns) / factors;
  }

  /** Bytes of rows, all of a tensor's or some that are alike, in the form the native addon takes. */
  #rowsOf(tensor: ModelTensor, data: Uint8Array, start: number, rows: number): SourceRows {
    const { spec, type, columns } = tensor;
    const factors = this.#factors.get(spec.target);
    const firstFactor = Math.floor(start / this.#rowsAlike(tensor)) * columns;
    const factorCount = Math.ceil(rows / this.#rowsAlike(tensor)) * columns;
    return {
      data,
      type: GGML_NAMES[type],
      rows,
      columns,
      ...(factors === undefined || factors.columns.length === 0
        ? {}
        : { columnFactors: factors.columns.subarray(firstFactor, firstFactor + factorCount) }),
      ...(factors === undefined || factors.rows.length === 0
        ? {}
        : { rowFactors: factors.rows.subarray(start, start + rows) })
    };
  }

  async #read(tensor: ModelTensor): Promise<Uint8Array> {
    const { stored, parts, spec, rows } = tensor;
    this.#signal.throwIfAborted();
    const data = new Uint8Array(stored.byteLength);
    let at = 0;
    for (const part of parts ?? [stored]) {
      await this.#weights.read(part, 0, data.subarray(at, at + part.byteLength));
      at += part.byteLength;
    }
    this.#digests.set(stored.name, createHash("sha256").update(data).digest("hex"));
    const ordered = spec.rotaryHeads === undefined ? data : interleaved(tensor, data, spec.rotaryHeads);
    const { transforms = [] } = spec;
    if (transforms.length === 0) return ordered;
    const read = { data: ordered, type: stored.dtype as SourceType, shape: spec.packedShape ?? stored.shape };
    const values = transforms.reduce((current, transform) => transform.apply(current), read);
    if (values.type !== tensor.type || values.shape.join() !== spec.shape.join()) {
      throw new Error(`${spec.target} became ${values.type} [${values.shape.join(", ")}] of ${rows} rows`);
    }
    return values.data;
  }

  /** Reads a tensor in chunks of rows; tensors whose values change places come as one. */
  async *chunks(tensor: ModelTensor): AsyncGenerator<RowChunk> {
    const { stored, parts = [stored], spec, rows } = tensor;
    const isChanged = spec.rotaryHeads !== undefined || (spec.transforms ?? []).length > 0;
    if (isChanged || stored.byteLength <= this.#chunkBytes) {
      yield { source: await this.read(tensor), start: 0 };
      return;
    }
    const rowBytes = stored.byteLength / rows;
    const chunkRows = Math.max(1, Math.floor(this.#chunkBytes / rowBytes));
    const rowsAlike = this.#rowsAlike(tensor);
    const digest = createHash("sha256");
    let first = 0;
    for (const part of parts) {
      const partRows = part.byteLength / rowBytes;
      for (let start = 0; start < partRows;) {
        this.#signal.throwIfAborted();
        const count = Math.min(chunkRows, partRows - start, rowsAlike - ((first + start) % rowsAlike));
        const data = new Uint8Array(count * rowBytes);
        await this.#weights.read(part, start * rowBytes, data);
        digest.update(data);
        yield { source: this.#rowsOf(tensor, data, first + start, count), start: first + start };
        start += count;
      }
      first += partRows;
    }
    this.#digests.set(stored.name, digest.digest("hex"));
  }

  /**
   * SHA-256 over name, format, shape and SHA-256 of every tensor, sorted by name: the same for the same weights however
   * they are sharded.
   *
   * @param tensors the model's tensors, all of which have been read
   */
  fingerprint(tensors: readonly ModelTensor[]): string {
    const lines = tensors.map(({ stored: { name, dtype, shape } }) => {
      const digest = this.#digests.get(name);
      if (digest === undefined) throw new Error(`tensor ${name} was never read`);
      return `${name} ${dtype} [${shape.join(",")}] ${digest}\n`;
    });
    return createHash("sha256")
      .update([...new Set(lines)].sort().join(""))
      .digest("hex");
  }
}

/** Puts rows of queries or keys into llama.cpp's rotary order. */
function interleaved({ spec, rows, columns }: ModelTensor, data: Uint8Array, heads: number): Uint8Array {
  // A bias has one value a row, though it is stored as a single row.
  const rowCount = spec.role === "bias" ? columns : rows;
  const rowBytes = data.length / rowCount;
  const ordered = new Uint8Array(data.length);
  for (const [to, from] of rotaryRowOrder(rowCount, heads).entries()) {
    ordered.set(data.subarray(from * rowBytes, (from + 1) * rowBytes), to * rowBytes);
  }
  return ordered;
}

/**
 * Where each row of a query or key projection comes from when Hugging Face's rotary order becomes llama.cpp's.
 *
 * Hugging Face rotates dimension i of a head together with i + half; llama.cpp's rope for the Llama family rotates
 * neighbours, so the two halves of each head are interleaved.
 *
 * @param rows rows of the projection, a multiple of `2 * heads`
 * @returns for each output row the source row
 */
export function rotaryRowOrder(rows: number, heads: number): Uint32Array {
  const headLength = rows / heads;
  const half = headLength / 2;
  return Uint32Array.from({ length: rows }, (_, row) => {
    const inHead = row % headLength;
    return row - inHead + (inHead % 2) * half + Math.floor(inHead / 2);
  });
}

const GGML_NAMES: Readonly<Record<SourceType, SourceRows["type"]>> = {
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  MXFP4: "mxfp4"
};

/**
 * @param position row-major position of the first NaN or infinity in the tensor, -1 for none
 * @throws {InvalidInputError} there is one
 */
export function assertFinite({ spec, stored, columns }: ModelTensor, position: number): void {
  if (position < 0) return;
  const row = Math.floor(position / columns);
  const column = position % columns;
  const order = spec.rotaryHeads === undefined ? "" : ", counted in llama.cpp's rotary order";
  throw new InvalidInputError(`tensor "${stored.name}" holds NaN or infinity at [${row}, ${column}]${order}`, {
    fix: "The checkpoint is damaged or its training diverged: use another one."
  });
}
