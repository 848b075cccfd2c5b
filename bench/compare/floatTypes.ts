/** Numbers of ggml's float types: F32, F16, BF16. */
export const floatTypes: ReadonlySet<number> = new Set([0, 1, 30]);
