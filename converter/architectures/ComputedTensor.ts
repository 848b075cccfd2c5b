/** A small float32 tensor that is computed from the configuration instead of read from the weights. */
export interface ComputedTensor {
  readonly target: string;
  readonly values: Float32Array;
}
