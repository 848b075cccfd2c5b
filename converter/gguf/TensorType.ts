import { ggmlTypeSize } from "../../plugin/gguf/ggmlTypeSize.js";

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
  q6_K: 14
} as const;

/** A tensor type the converter writes, by ggml's own name. */
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
