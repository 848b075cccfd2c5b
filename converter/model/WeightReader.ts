import { createHash } from "node:crypto";
import type { ModelTensor } from "./ModelTensor.js";
import { rotaryRowOrder } from "./rotaryRowOrder.js";
import type { StoredWeights } from "./StoredWeights.js";

/** Rows of a tensor as they lie in the source file, in the order the output has them. */
export interface RowChunk {
  readonly data: Uint8Array;
  /** First row of the output this chunk holds. */
  readonly start: number;
  readonly rows: number;
}

/** Large enough to keep every core busy, small enough that an embedding of gigabytes never lies in memory. */
const CHUNK_BYTES = 64 * 1024 * 1024;

/** Reads weights by range, puts rotary rows into output order, and fingerprints what it read. */
export class WeightReader {
  readonly #weights: StoredWeights;
  readonly #digests = new Map<string, string>();
  readonly #signal: AbortSignal;
  readonly #chunkBytes: number;

  /**
   * @param signal ends a read between chunks with the signal's reason
   * @param chunkBytes how much of a tensor `chunks` reads at a time
   */
  constructor(weights: StoredWeights, signal: AbortSignal, chunkBytes = CHUNK_BYTES) {
    this.#weights = weights;
    this.#signal = signal;
    this.#chunkBytes = chunkBytes;
  }

  /** Reads a whole tensor. */
  async read(tensor: ModelTensor): Promise<Uint8Array> {
    const { stored, spec, rows } = tensor;
    this.#signal.throwIfAborted();
    const data = new Uint8Array(stored.byteLength);
    await this.#weights.read(stored, 0, data);
    this.#digests.set(stored.name, createHash("sha256").update(data).digest("hex"));
    if (spec.rotaryHeads === undefined) return data;

    // A bias has one value a row, though it is stored as a single row.
    const rowCount = spec.role === "bias" ? tensor.columns : rows;
    const rowBytes = data.length / rowCount;
    const ordered = new Uint8Array(data.length);
    for (const [to, from] of rotaryRowOrder(rowCount, spec.rotaryHeads).entries()) {
      ordered.set(data.subarray(from * rowBytes, (from + 1) * rowBytes), to * rowBytes);
    }
    return ordered;
  }

  /** Reads a tensor in chunks of rows; tensors whose rows change places come as one. */
  async *chunks(tensor: ModelTensor): AsyncGenerator<RowChunk> {
    const { stored, spec, rows } = tensor;
    if (spec.rotaryHeads !== undefined || stored.byteLength <= this.#chunkBytes) {
      yield { data: await this.read(tensor), start: 0, rows };
      return;
    }
    const rowBytes = stored.byteLength / rows;
    const chunkRows = Math.max(1, Math.floor(this.#chunkBytes / rowBytes));
    const digest = createHash("sha256");
    for (let start = 0; start < rows; start += chunkRows) {
      this.#signal.throwIfAborted();
      const count = Math.min(chunkRows, rows - start);
      const data = new Uint8Array(count * rowBytes);
      await this.#weights.read(stored, start * rowBytes, data);
      digest.update(data);
      yield { data, start, rows: count };
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
    return createHash("sha256").update(lines.sort().join("")).digest("hex");
  }
}
