/** GGUF's default alignment of tensor data. */
const ALIGNMENT = 32;

/** Rounds a byte count up to where the next tensor may begin. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
