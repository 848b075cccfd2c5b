/** Values in a block and bytes it takes, by ggml's name of the type. */
const LAYOUTS = {
  f32: { blockLength: 1, blockBytes: 4 },
  f16: { blockLength: 1, blockBytes: 2 },
  bf16: { blockLength: 1, blockBytes: 2 },
  i8: { blockLength: 1, blockBytes: 1 },
  i32: { blockLength: 1, blockBytes: 4 },
  q4_0: { blockLength: 32, blockBytes: 18 },
  q4_1: { blockLength: 32, blockBytes: 20 },
  q5_0: { blockLength: 32, blockBytes: 22 },
  q5_1: { blockLength: 32, blockBytes: 24 },
  q8_0: { blockLength: 32, blockBytes: 34 },
  iq4_nl: { blockLength: 32, blockBytes: 18 },
  q4_K: { blockLength: 256, blockBytes: 144 },
  q5_K: { blockLength: 256, blockBytes: 176 },
  q6_K: { blockLength: 256, blockBytes: 210 }
} as const;

/** A tensor type the converter writes, by ggml's own name. */
export type TensorType = keyof typeof LAYOUTS;

/** Values that share one block; a row is a whole number of blocks. */
export function blockLengthOf(type: TensorType): number {
  return LAYOUTS[type].blockLength;
}

/** Bytes of `values` values, a whole number of blocks. */
export function byteLengthOf(type: TensorType, values: number): number {
  const { blockLength, blockBytes } = LAYOUTS[type];
  return (values / blockLength) * blockBytes;
}
