/** What a model takes in a process that does nothing else. */
export interface Footprint {
  /** Seconds from opening the file until the model is ready. */
  loadSeconds: number;
  /** Seconds from opening the file until the prompt is processed and the first token generated. */
  firstTokenSeconds: number;
  /** Largest resident size of the process in bytes, pages of the mapped file included. */
  peakMemoryBytes: number;
}
