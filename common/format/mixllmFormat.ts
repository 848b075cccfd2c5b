import type { TensorDescription } from "../gguf/encodeGgufHeader.js";

// The MixLLM file format (docs/format.md): what every reader and writer of a MixLLM weight must agree on. mixllm_format.h
// says the same in C; test/vectors.txt holds both to one table.

/** Version of the format, `mixllm.version`. */
export const FORMAT_VERSION = 1;

/** Inputs of a row that share a scale, `mixllm.group_size`; the last group of a row may be short. */
export const GROUP_SIZE = 128;

/** Rows come in tiles: a weight's 4-bit channels and its 8-bit ones are each a multiple of this. */
export const ROW_TILE = 16;

/** Inputs whose 4-bit values are interleaved; a weight's inputs are a multiple of this. */
export const INPUT_BLOCK = 32;

/** A weight has no more inputs or channels than this, so that no size in bytes overflows. */
export const MAX_EXTENT = 2 ** 24;

/** What the name of each component tensor adds to the weight's, in the order they are written. */
export const COMPONENT_SUFFIXES = ["w4", "w4_scale", "w4_zero", "w8", "w8_scale", "rows"] as const;

export type ComponentSuffix = (typeof COMPONENT_SUFFIXES)[number];

/** A weight of K inputs and N4 + N8 output channels. */
export interface WeightShape {
  /** K */
  readonly inputs: number;
  /** N4, output channels kept in 4 bits. */
  readonly channels4bit: number;
  /** N8, output channels kept in 8 bits. */
  readonly channels8bit: number;
}

/** Groups of a row of `inputs` values, the last one possibly short. */
export function groupCount(inputs: number): number {
  return Math.ceil(inputs / GROUP_SIZE);
}

/** Whether `value` is a multiple of `unit` from `least` to the largest extent. */
export function isExtent(value: number, unit: number, least = unit): boolean {
  return value >= least && value <= MAX_EXTENT && value % unit === 0;
}

/** Whether a weight of this shape can be in the format. */
export function isWeightShape({ inputs, channels4bit, channels8bit }: WeightShape): boolean {
  return (
    isExtent(inputs, INPUT_BLOCK) &&
    isExtent(channels4bit, ROW_TILE, 0) &&
    isExtent(channels8bit, ROW_TILE, 0) &&
    isExtent(channels4bit + channels8bit, ROW_TILE)
  );
}

/**
 * The tensors that stand for a weight, in the order they are written; an empty part has none.
 *
 * @param name the weight's
 */
export function componentTensors(
  name: string,
  { inputs, channels4bit, channels8bit }: WeightShape
): (TensorDescription & { readonly suffix: ComponentSuffix })[] {
  const groups = groupCount(inputs);
  const components = [
    { suffix: "w4", type: "i8", ne: [inputs / 2, channels4bit] },
    { suffix: "w4_scale", type: "f16", ne: [channels4bit, groups] },
    { suffix: "w4_zero", type: "i8", ne: [channels4bit / 2, groups] },
    { suffix: "w8", type: "i8", ne: [inputs, channels8bit] },
    { suffix: "w8_scale", type: "f16", ne: [channels8bit, groups] },
    { suffix: "rows", type: "i32", ne: [channels4bit + channels8bit] }
  ] as const;
  return components
    .filter(({ ne }) => ne.every((size) => size > 0))
    .map((component) => ({ ...component, name: `${name}.${component.suffix}` }));
}

/** What is wrong with an entry of `rows`: no output channel, not above the entry before it, or 4-bit as well as 8-bit. */
export type RowsProblem = "out-of-range" | "not-ascending" | "in-both-parts";

/**
 * Checks that `rows` is a permutation of its indices, ascending within its 4-bit and its 8-bit part: kernels scatter by it.
 *
 * @param rows output channel of each stored row
 * @param channels4bit how many rows, from the first, are 4-bit
 * @returns the first entry that is wrong; `undefined` when none is
 */
export function checkRows(
  rows: Int32Array,
  channels4bit: number
): { readonly problem: RowsProblem; readonly entry: number } | undefined {
  for (const [entry, row] of rows.entries()) {
    if (row < 0 || row >= rows.length) return { problem: "out-of-range", entry };
    const previous = rows[entry - 1];
    if (previous !== undefined && entry !== channels4bit && row <= previous) return { problem: "not-ascending", entry };
  }
  // Two ascending parts of different channels: a permutation if they have none in common.
  const channels4 = new Set(rows.subarray(0, channels4bit));
  const entry = rows.findIndex((row, index) => index >= channels4bit && channels4.has(row));
  return entry < 0 ? undefined : { problem: "in-both-parts", entry };
}
