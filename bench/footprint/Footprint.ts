/**
 * What starting a model takes, in a process that does nothing else, its file memory-mapped and in the page cache.
 */
export interface Footprint {
  /** Seconds from opening the file until the model is ready. */
  loadSeconds: number;
  /** Seconds from opening the file until the first token after a prompt of 32 tokens is known. */
  firstTokenSeconds: number;
  /** Largest resident size of the process in bytes, Node.js and the pages of the mapped file included. */
  peakMemoryBytes: number;
  /** Bytes taken on the GPUs; null where nothing computes on one. */
  videoMemoryBytes: number | null;
}
