/** The divisors of rotary frequencies, one for all layers: computed from a configuration, stored in a GGUF file. */
export const ROPE_FREQUENCIES = "rope_freqs.weight";

/** A small float32 tensor that is computed from the configuration instead of read from the weights. */
export interface ComputedTensor {
  readonly target: string;
  readonly values: Float32Array;
}
