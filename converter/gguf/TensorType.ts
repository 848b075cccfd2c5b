/** ggml's number, values in a block and bytes it takes, by ggml's name of the type. */
const LAYOUTS = {
  f32: { number: 0, blockLength: 1, blockBytes: 4 },
  f16: { number: 1, blockLength: 1, blockBytes: 2 },
  bf16: { number: 30, blockLength: 1, blockBytes: 2 },
  i8: { number: 24, blockLength: 1, blockBytes: 1 },
  i32: { number: 26, blockLength: 1, blockBytes: 4 },
  q4_0: { number: 2, blockLength: 32, blockBytes: 18 },
  q4_1: { number: 3, blockLength: 32, blockBytes: 20 },
  q5_0: { number: 6, blockLength: 32, blockBytes: 22 },
  q5_1: { number: 7, blockLength: 32, blockBytes: 24 },
  q8_0: { number: 8, blockLength: 32, blockBytes: 34 },
  iq4_nl: { number: 20, blockLength: 32, blockBytes: 18 },
  q4_K: { number: 12, blockLength: 256, blockBytes: 144 },
  q5_K: { number: 13, blockLength: 256, blockBytes: 176 },
  q6_K: { number: 14, blockLength: 256, blockBytes: 210 }
} as const;

/** A tensor type the converter writes, by ggml's own name. */
export type TensorType = keyof typeof LAYOUTS;

/** ggml's number of a type. */
export function typeNumberOf(type: TensorType): number {
  return LAYOUTS[type].number;
}

/** Values that share one block; a row is a whole number of blocks. */
export function blockLengthOf(type: TensorType): number {
  return LAYOUTS[type].blockLength;
}

/** Bytes of `values` values, a whole number of blocks. */
export function byteLengthOf(type: TensorType, values: number): number {
  const { blockLength, blockBytes } = LAYOUTS[type];
  return (values / blockLength) * blockBytes;
}
