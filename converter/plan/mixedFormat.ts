/** Version of the file format, `mixllm.version`. */
export const MIXED_FORMAT_VERSION = 1;

/** Inputs that share a scale. */
export const GROUP_SIZE = 128;

/** Rows come in tiles: a weight's channels, and its 8-bit ones, are multiples of this. */
export const ROW_TILE = 16;

/** Inputs whose 4-bit values are interleaved; a weight's inputs are a multiple of this. */
export const INPUT_BLOCK = 32;

/** Groups of a row of `inputs` values, the last one possibly short. */
export function groupCount(inputs: number): number {
  return Math.ceil(inputs / GROUP_SIZE);
}
