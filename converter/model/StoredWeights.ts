import type { StoredTensor } from "./StoredTensor.js";

/** A model's weights, in one open file or several. */
export interface StoredWeights {
  /** Paths of the files. */
  readonly paths: readonly string[];

  /**
   * Fills `buffer` with a tensor's bytes from byte `start` of the tensor on.
   *
   * @throws {InvalidInputError} its file ends early or cannot be read
   */
  read(tensor: StoredTensor, start: number, buffer: Uint8Array): Promise<void>;

  close(): Promise<void>;
}
