/** ggml's numbers of F32, F16 and BF16. */
const FLOAT_TYPES: ReadonlySet<number> = new Set([0, 1, 30]);

/** Whether a tensor of this type, by ggml's number, is not quantized. */
export function isFloatType(type: number): boolean {
  return FLOAT_TYPES.has(type);
}
