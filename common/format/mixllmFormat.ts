import type { TensorDescription } from "../gguf/encodeGgufHeader.js";

// The MixLLM file format (docs/format.md): what every reader and writer of a MixLLM weight must agree on. mixllm_format.h
// says the same in C; test/vectors.txt holds both to one table.

/** Version of the format that is written, `mixllm.version`. */
export const FORMAT_VERSION = 2;

/** The oldest version that is read: it has `rows` in the place of `mask`, and no stacks. */
export const OLDEST_FORMAT_VERSION = 1;

/** Inputs of a row that share a scale, `mixllm.group_size`; the last group of a row may be short. */
export const GROUP_SIZE = 128;

/** Rows come in tiles: a weight's 4-bit channels and its 8-bit ones are each a multiple of this. */
export const ROW_TILE = 16;

/** Inputs whose 4-bit values are interleaved; a weight's inputs are a multiple of this. */
export const INPUT_BLOCK = 32;

/** A weight has no more inputs, or channels of all its experts, than this, so that no size in bytes overflows. */
export const MAX_EXTENT = 2 ** 24;

/** What the name of each component tensor adds to the weight's, in the order they are written. */
export const COMPONENT_SUFFIXES = ["w4", "w4_scale", "w4_zero", "w8", "w8_scale", "mask"] as const;

export type ComponentSuffix = (typeof COMPONENT_SUFFIXES)[number];

/** What files of version 1 have in the place of `mask`. */
export const ROWS_SUFFIX = "rows";

/** A weight of K inputs and N = N4 + N8 output channels, or a stack of such weights of the same K and N. */
export interface WeightShape {
  /** K */
  readonly inputs: number;
  /** N4, output channels kept in 4 bits; of a stack, the sum over its experts. */
  readonly channels4bit: number;
  /** N8, output channels kept in 8 bits; of a stack, the sum over its experts. */
  readonly channels8bit: number;
  /** E, how many weights are stacked: the experts of a layer; 1, an ordinary weight, where it is absent. */
  readonly experts?: number;
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
export function isWeightShape({ inputs, channels4bit, channels8bit, experts = 1 }: WeightShape): boolean {
  return (
    isExtent(inputs, INPUT_BLOCK) &&
    isExtent(channels4bit, ROW_TILE, 0) &&
    isExtent(channels8bit, ROW_TILE, 0) &&
    isExtent(experts, 1) &&
    isExtent(channels4bit + channels8bit, experts * ROW_TILE)
  );
}

/** A tensor that stands for a weight with others. */
export type ComponentTensor<Suffix extends string = ComponentSuffix> = TensorDescription & { readonly suffix: Suffix };

/**
 * The tensors that stand for a weight, in the order they are written; an empty part has none.
 *
 * The scales and zero points of a stack have one extent, since their rows are as long as their expert has channels.
 *
 * @param name the weight's
 */
export function componentTensors(name: string, shape: WeightShape): ComponentTensor[] {
  const { experts = 1 } = shape;
  const bytes = (shape.channels4bit + shape.channels8bit) / experts / 8;
  const mask = { suffix: "mask", type: "i8", ne: experts > 1 ? [bytes, experts] : [bytes] } as const;
  return named(name, [...partTensors(shape), mask]);
}

/** The tensors that stand for a weight in a file of version 1. */
export function componentTensorsOfVersion1(
  name: string,
  shape: WeightShape
): ComponentTensor<ComponentSuffix | typeof ROWS_SUFFIX>[] {
  const rows = { suffix: ROWS_SUFFIX, type: "i32", ne: [shape.channels4bit + shape.channels8bit] } as const;
  return named(name, [...partTensors(shape), rows]);
}

/** The tensors of the 4-bit and of the 8-bit channels. */
function partTensors({ inputs, channels4bit, channels8bit, experts = 1 }: WeightShape) {
  const groups = groupCount(inputs);
  const perGroup = (size: number): number[] => (experts > 1 ? [groups * size] : [size, groups]);
  const components = [
    { suffix: "w4", type: "i8", ne: [inputs / 2, channels4bit] },
    { suffix: "w4_scale", type: "f16", ne: perGroup(channels4bit) },
    { suffix: "w4_zero", type: "i8", ne: perGroup(channels4bit / 2) },
    { suffix: "w8", type: "i8", ne: [inputs, channels8bit] },
    { suffix: "w8_scale", type: "f16", ne: perGroup(channels8bit) }
  ] as const;
  return components.filter(({ ne }) => ne.every((size) => size > 0));
}

function named<Suffix extends string>(
  name: string,
  components: readonly Omit<ComponentTensor<Suffix>, "name">[]
): ComponentTensor<Suffix>[] {
  return components.map((component) => ({ ...component, name: `${name}.${component.suffix}` }));
}

/**
 * Where an expert begins in each component of its stack, in bytes: each expert is an ordinary weight at an offset.
 *
 * @param before the channels of the experts before it
 */
export function expertOffsets(inputs: number, before: Omit<WeightShape, "inputs">): Record<ComponentSuffix, number> {
  const { channels4bit, channels8bit } = before;
  const groups = groupCount(inputs);
  return {
    w4: (inputs / 2) * channels4bit,
    w4_scale: 2 * groups * channels4bit,
    w4_zero: groups * (channels4bit / 2),
    w8: inputs * channels8bit,
    w8_scale: 2 * groups * channels8bit,
    mask: (channels4bit + channels8bit) / 8
  };
}

/** Sets bit n % 8 of byte n / 8 where output channel n has 8 bits, of each expert in turn. */
export function packMask(is8bit: readonly boolean[] | Uint8Array): Uint8Array {
  const mask = new Uint8Array(is8bit.length / 8);
  is8bit.forEach((set: boolean | number, channel: number) => {
    if (set) mask[channel >> 3]! |= 1 << (channel & 7);
  });
  return mask;
}

/** How many 8-bit channels each of `experts` experts has by its mask. */
export function countMask(mask: Uint8Array, experts = 1): number[] {
  const bytes = mask.length / experts;
  return Array.from({ length: experts }, (_, expert) => {
    let count = 0;
    for (let byte of mask.subarray(expert * bytes, (expert + 1) * bytes)) for (; byte !== 0; byte &= byte - 1) count++;
    return count;
  });
}

/**
 * What is wrong with a mask: an expert has no whole tiles of 8-bit channels, or all of them together have another count
 * than their weights are there for. `count` is what they have.
 */
export type MaskProblem =
  | { readonly problem: "no-tiles"; readonly expert: number; readonly count: number }
  | { readonly problem: "other-count"; readonly count: number };

/**
 * Checks the mask of a weight of a valid shape.
 *
 * @param mask bytes of the component
 */
export function checkMask(mask: Uint8Array, { channels8bit, experts }: WeightShape): MaskProblem | undefined {
  const counts = countMask(mask, experts);
  const expert = counts.findIndex((count) => count % ROW_TILE !== 0);
  if (expert >= 0) return { problem: "no-tiles", expert, count: counts[expert]! };
  const count = counts.reduce((sum, each) => sum + each, 0);
  return count === channels8bit ? undefined : { problem: "other-count", count };
}

/** What is wrong with an entry of `rows`: no output channel, not above the entry before it, or 4-bit as well as 8-bit. */
export type RowsProblem = "out-of-range" | "not-ascending" | "in-both-parts";

/**
 * Checks that `rows` of version 1 is a permutation of its indices, ascending within its 4-bit and its 8-bit part: kernels scatter by it.
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
