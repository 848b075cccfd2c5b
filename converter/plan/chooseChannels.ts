import { ROW_TILE } from "../../common/format/mixllmFormat.js";

/** One weight's output channels and how much each would lose in 4 bits. */
export interface ScoredWeight {
  readonly target: string;
  /** One score an output channel, higher meaning more worth 8 bits; a multiple of 16 of them. */
  readonly scores: Float64Array;
}

/**
 * Chooses which output channels of a model get 8 bits.
 *
 * Each weight must have a multiple of 16 of them. So every weight's channels, sorted by score, are cut into tiles of 16,
 * and the tiles with the highest sums over the whole model are taken, as many as the limit allows: when all cost the same,
 * no other choice that keeps the multiples has a higher total score. Ties go to the earlier weight and the lower channel.
 *
 * @param limit what the tiles that get 8 bits may cost together
 * @param costOf what a tile of a weight costs, by the weight's target
 * @returns for each weight, by its target, one byte a channel: 1 for 8 bits
 */
export function chooseChannels(
  weights: readonly ScoredWeight[],
  limit: number,
  costOf: (target: string) => number
): Map<string, Uint8Array> {
  const candidates = weights.flatMap(({ target, scores }) => {
    const order = Uint32Array.from(scores.keys()).sort(
      (a, b) => compareScores(scores[b] ?? 0, scores[a] ?? 0) || a - b
    );
    return Array.from({ length: scores.length / ROW_TILE }, (_, tile) => {
      const channels = order.subarray(tile * ROW_TILE, (tile + 1) * ROW_TILE);
      return { target, channels, score: channels.reduce((sum, channel) => sum + (scores[channel] ?? 0), 0) };
    });
  });
  // The sort is stable: equal tiles stay in the order of their weights, and a weight's better tiles before its worse.
  candidates.sort((a, b) => compareScores(b.score, a.score));

  const chosen = new Map(weights.map(({ target, scores }) => [target, new Uint8Array(scores.length)]));
  let left = limit;
  for (const { target, channels } of candidates) {
    const cost = costOf(target);
    if (cost > left) continue; // a cheaper tile further down may still fit
    left -= cost;
    const mask = chosen.get(target);
    for (const channel of channels) mask?.fill(1, channel, channel + 1);
  }
  return chosen;
}

/** Infinite scores, of channels that 4 bits cannot hold at all, subtract to NaN; comparing them does not. */
function compareScores(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
