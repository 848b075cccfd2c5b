import { ROW_TILE } from "../../common/format/mixllmFormat.js";

/** One weight's output channels and how much each would lose in 4 bits. */
export interface ScoredWeight {
  readonly target: string;
  /** How many weights are stacked, of as many channels each. */
  readonly experts: number;
  /** One score an output channel, higher meaning more worth 8 bits; of each expert a multiple of 16 of them. */
  readonly scores: Float64Array;
}

/** 16 channels of one weight, or of one expert, that get 8 bits together. */
interface Tile {
  readonly target: string;
  readonly channels: Uint32Array;
  readonly score: number;
}

/**
 * Chooses which output channels of a model get 8 bits.
 *
 * Each weight, and each expert of a stack, must have a multiple of 16 of them. So the channels of each, sorted by score,
 * are cut into tiles of 16, and the tiles with the highest sums over the whole model are taken, as many as the limit
 * allows: when all cost the same, no other choice that keeps the multiples has a higher total score. Ties go to the
 * earlier weight and the lower channel.
 *
 * @param limit what the tiles that get 8 bits may cost together
 * @param costOf what a tile of a weight costs, by the weight's target
 * @param perCost whether the tiles with the highest sums for what they cost are taken instead
 * @returns for each weight, by its target, one byte a channel: 1 for 8 bits
 */
export function chooseChannels(
  weights: readonly ScoredWeight[],
  limit: number,
  costOf: (target: string) => number,
  perCost = false
): Map<string, Uint8Array> {
  const candidates = weights.flatMap((weight) => cutIntoTiles(weight).flat());
  // The sort is stable: equal tiles stay in the order of their weights, and a weight's better tiles before its worse.
  const worth = ({ target, score }: Tile): number => (perCost ? score / costOf(target) : score);
  candidates.sort((a, b) => compareScores(worth(b), worth(a)));

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

/**
 * Chooses as `chooseChannels` does, but the same share of every weight and of every expert: the paper's baseline.
 *
 * Where a share is no whole number of tiles, what is left over goes to the next weight or expert.
 *
 * @param share 0 to 1
 */
export function chooseEqualShares(weights: readonly ScoredWeight[], share: number): Map<string, Uint8Array> {
  let [wanted, taken] = [0, 0];
  return new Map(
    weights.map((weight) => {
      const mask = new Uint8Array(weight.scores.length);
      for (const tiles of cutIntoTiles(weight)) {
        wanted += share * tiles.length;
        const count = Math.min(tiles.length, Math.max(0, Math.round(wanted) - taken));
        taken += count;
        for (const { channels } of tiles.slice(0, count)) for (const channel of channels) mask[channel] = 1;
      }
      return [weight.target, mask];
    })
  );
}

/** The tiles of each expert of a weight, the best first. */
function cutIntoTiles({ target, experts, scores }: ScoredWeight): Tile[][] {
  const rows = scores.length / experts;
  return Array.from({ length: experts }, (_, expert) => {
    const order = Uint32Array.from({ length: rows }, (_each, row) => expert * rows + row).sort(
      (a, b) => compareScores(scores[b] ?? 0, scores[a] ?? 0) || a - b
    );
    return Array.from({ length: rows / ROW_TILE }, (_each, tile) => {
      const channels = order.subarray(tile * ROW_TILE, (tile + 1) * ROW_TILE);
      return { target, channels, score: channels.reduce((sum, channel) => sum + (scores[channel] ?? 0), 0) };
    });
  });
}

/** Infinite scores, of channels that 4 bits cannot hold at all, subtract to NaN; comparing them does not. */
function compareScores(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
