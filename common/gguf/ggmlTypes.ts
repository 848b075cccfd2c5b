/** Name, weights a block and bytes a block of ggml's tensor types by number, as of llama.cpp v0.5.0 (`ggml.h`). */
const TYPES: Readonly<Record<number, readonly [name: string, blockWeights: number, blockBytes: number]>> = {
  0: ["F32", 1, 4],
  1: ["F16", 1, 2],
  2: ["Q4_0", 32, 18],
  3: ["Q4_1", 32, 20],
  6: ["Q5_0", 32, 22],
  7: ["Q5_1", 32, 24],
  8: ["Q8_0", 32, 34],
  9: ["Q8_1", 32, 36],
  10: ["Q2_K", 256, 84],
  11: ["Q3_K", 256, 110],
  12: ["Q4_K", 256, 144],
  13: ["Q5_K", 256, 176],
  14: ["Q6_K", 256, 210],
  15: ["Q8_K", 256, 292],
  16: ["IQ2_XXS", 256, 66],
  17: ["IQ2_XS", 256, 74],
  18: ["IQ3_XXS", 256, 98],
  19: ["IQ1_S", 256, 50],
  20: ["IQ4_NL", 32, 18],
  21: ["IQ3_S", 256, 110],
  22: ["IQ2_S", 256, 82],
  23: ["IQ4_XS", 256, 136],
  24: ["I8", 1, 1],
  25: ["I16", 1, 2],
  26: ["I32", 1, 4],
  27: ["I64", 1, 8],
  28: ["F64", 1, 8],
  29: ["IQ1_M", 256, 56],
  30: ["BF16", 1, 2],
  34: ["TQ1_0", 256, 54],
  35: ["TQ2_0", 256, 66],
  39: ["MXFP4", 32, 17],
  40: ["NVFP4", 64, 36],
  41: ["Q1_0", 128, 18],
  42: ["Q2_0", 64, 18]
};

/** Name and block layout of one of ggml's tensor types; `undefined` for numbers that no known type has. */
export function ggmlTypeSize(
  type: number
): { readonly name: string; readonly blockWeights: number; readonly blockBytes: number } | undefined {
  const entry = TYPES[type];
  return entry === undefined ? undefined : { name: entry[0], blockWeights: entry[1], blockBytes: entry[2] };
}

/** ggml's numbers of F32, F16 and BF16. */
const FLOAT_TYPES: ReadonlySet<number> = new Set([0, 1, 30]);

/** Whether a tensor of this type, by ggml's number, is not quantized. */
export function isFloatType(type: number): boolean {
  return FLOAT_TYPES.has(type);
}

/** ggml's number by ggml's name of the type. */
const NUMBERS = {
  f32: 0,
  f16: 1,
  bf16: 30,
  i8: 24,
  i32: 26,
  q4_0: 2,
  q4_1: 3,
  q5_0: 6,
  q5_1: 7,
  q8_0: 8,
  iq4_nl: 20,
  q4_K: 12,
  q5_K: 13,
  q6_K: 14,
  mxfp4: 39
} as const;

/** A tensor type the converter reads or writes, by ggml's own name. */
export type TensorType = keyof typeof NUMBERS;

/** ggml's number of a type. */
export function typeNumberOf(type: TensorType): number {
  return NUMBERS[type];
}

/** Values that share one block; a row is a whole number of blocks. */
export function blockLengthOf(type: TensorType): number {
  return layoutOf(type).blockWeights;
}

/** Bytes of `values` values, a whole number of blocks. */
export function byteLengthOf(type: TensorType, values: number): number {
  const { blockWeights, blockBytes } = layoutOf(type);
  return (values / blockWeights) * blockBytes;
}

function layoutOf(type: TensorType): { readonly blockWeights: number; readonly blockBytes: number } {
  const layout = ggmlTypeSize(NUMBERS[type]);
  if (layout === undefined) throw new Error(`no layout is known of ${type}`);
  return layout;
}
