/** What a user asks of the linear weights whose GGUF names match. */
export interface TensorOverride {
  readonly pattern: RegExp;
  /** All channels in 4 or 8 bits, or the weight left as F16. */
  readonly treatment: "4" | "8" | "f16";
}
