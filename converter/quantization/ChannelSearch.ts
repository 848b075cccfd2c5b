import type { ConversionContext } from "../ConversionContext.js";
import { spendableBytes } from "../plan/budget.js";
import { chooseChannels, chooseEqualShares, type ScoredWeight } from "../plan/chooseChannels.js";
import type { Budget } from "../plan/ConversionOptions.js";
import { ROW_TILE } from "../../common/format/mixllmFormat.js";
import { plannedBytes, type PlannedMixedWeight } from "../plan/PlannedTensor.js";
import type { MixedWeight } from "./QuantizationMethod.js";

/** Reads how loss gradients at a weight's outputs go together (`LinearGradients`); those of a model are too large for memory. */
export type ReadMoment = () => Promise<Uint8Array>;

/** A weight's scores, and what else the search has found of it. */
export interface MeasuredWeight extends ScoredWeight {
  readonly moment?: ReadMoment;
}

/** A way to rank output channels by what they lose in 4 bits. */
export interface ChannelSearch {
  /** Its name in `mixllm.search`. */
  readonly name: string;
  /** Whether every weight and expert gets the same share of 8-bit channels, whatever the scores of others. */
  readonly equalShares?: boolean;
  /** Whether scores are parts of one loss: then the most of it that the budget can buy counts. */
  readonly addsUp?: boolean;
  /**
   * Scores every output channel of every weight; higher means more worth 8 bits, comparable over the whole model.
   *
   * @returns one entry a weight, in the order given
   * @throws {InvalidInputError} a weight holds NaN or infinity
   */
  score(weights: readonly PlannedMixedWeight[], context: ConversionContext): Promise<MeasuredWeight[]>;

  /** Finds moments alone, where it finds them and there is nothing to choose; by name of the weight. */
  findMoments?(
    weights: readonly PlannedMixedWeight[],
    context: ConversionContext
  ): Promise<ReadonlyMap<string, ReadMoment>>;
}

export interface BitWidths {
  readonly weights: MixedWeight[];
  /** `mixllm.search`: the search's name, or `none` when there was nothing to choose. */
  readonly search: string;
}

/**
 * Chooses which output channels of the model get 8 bits.
 *
 * @param budget met to the tile of 16 channels; a share counts the channels of all weights whose width is not fixed
 * @param otherBytes bytes of the file beside the mixed weights
 * @throws {InvalidInputError} no choice meets the budget
 */
export async function assignBitWidths(
  weights: readonly PlannedMixedWeight[],
  budget: Budget,
  otherBytes: number,
  search: ChannelSearch,
  context: ConversionContext
): Promise<BitWidths> {
  const free = weights.filter(({ bits }) => bits === undefined);
  const allTiles = free.reduce((sum, { tensor }) => sum + tensor.rows, 0) / ROW_TILE;
  const tileBytes = new Map(
    free.map((planned) => [planned.target, plannedBytes(planned, ROW_TILE) - plannedBytes(planned)])
  );
  const allBytes = free.reduce(
    (sum, { target, tensor }) => sum + (tileBytes.get(target) ?? 0) * (tensor.rows / ROW_TILE),
    0
  );

  const [limit, all] =
    budget.unit === "percent"
      ? [Math.round((allTiles * budget.percent) / 100), allTiles]
      : [spendableBytes(weights, budget, otherBytes), allBytes];
  const cost = (target: string): number => (budget.unit === "percent" ? 1 : (tileBytes.get(target) ?? 0));
  const nothing = limit < Math.min(...free.map(({ target }) => cost(target)));

  const isChoice = free.length > 0 && !nothing && limit < all;
  const choose = (scored: readonly ScoredWeight[]): Map<string, Uint8Array> =>
    search.equalShares === true
      ? chooseEqualShares(scored, limit / all)
      : chooseChannels(scored, limit, cost, search.addsUp === true);
  const measured = isChoice ? await search.score(weights, context) : [];
  // Where there is nothing to choose, 4-bit channels still make good for each other's errors.
  const moments = !isChoice && limit < all ? await search.findMoments?.(weights, context) : undefined;
  const masks = isChoice ? choose(measured.filter((_, i) => weights[i]?.bits === undefined)) : undefined;
  return {
    search: isChoice ? search.name : "none",
    weights: weights.map((planned, i) => {
      const fixed = planned.bits ?? (nothing ? 4 : 8);
      const is8bit =
        (planned.bits === undefined ? masks?.get(planned.target) : undefined) ??
        new Uint8Array(planned.tensor.rows).fill(fixed === 8 ? 1 : 0);
      const moment = measured[i]?.moment ?? moments?.get(planned.target);
      const channels8bit = is8bit.reduce((sum, flag) => sum + flag, 0);
      return { planned, is8bit, channels8bit, ...(moment === undefined ? {} : { moment }) };
    })
  };
}
