/** What search and quantization are calibrated on. */
export interface CalibrationOptions {
  /** Text files, in order; none means sequences sampled from the model itself. */
  readonly files: readonly string[];
  readonly samples: number;
  /** Tokens of each sample. */
  readonly sequenceLength: number;
}
