/** Output channels of a linear that an `OutputMoment` of the native side knows together, at most. */
const MOST_TOGETHER = 1024;

/** The tokens whose loss gradients tell enough of how output channels go together. */
export const ENOUGH_TOKENS = 4096;

/** Of so many tokens one counts at most, for memory. */
export const LEAST_MOMENT_STEP = 4;

/** Of how many tokens one counts, for so many of all samples (`Calibration::token_step`). */
export function momentStep(tokens: number): number {
  return Math.max(LEAST_MOMENT_STEP, Math.floor(tokens / ENOUGH_TOKENS));
}

/** How many of a linear's output channels go together. */
export function channelsTogether(channels: number): number {
  return Math.min(channels, MOST_TOGETHER);
}

/** Bytes of a linear's moment: two for each number of the triangles of its groups of neighbours; see `output_moment.h`. */
export function momentBytes(channels: number): number {
  const groups = Math.ceil(channels / MOST_TOGETHER);
  const begins = Array.from({ length: groups + 1 }, (_, group) => Math.floor((group * channels) / groups));
  return begins.slice(1).reduce((sum, end, group) => {
    const count = end - (begins[group] ?? 0);
    return sum + count * (count + 1);
  }, 0);
}
