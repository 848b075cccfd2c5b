/** Output channels of a linear that an `OutputMoment` of the native side knows together, at most. */
const MOST_TOGETHER = 1024;

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
