import { chooseFeatures } from "../plan/chooseFeatures.js";
import { ROW_TILE } from "../plan/mixedFormat.js";
import type { PlannedMixedWeight } from "../plan/PlannedTensor.js";
import type { ChannelSearch } from "./ChannelSearch.js";
import type { MixedWeight } from "./MixedWeight.js";
import type { ConversionContext } from "../ConversionContext.js";

export interface BitWidths {
  readonly weights: MixedWeight[];
  /** `mixllm.search`: the search's name, or `none` when there was nothing to choose. */
  readonly search: string;
}

/**
 * Chooses which output features of the model get 8 bits.
 *
 * @param percent share of all output features, 0 to 100; met to the nearest tile of 16
 */
export async function assignBitWidths(
  weights: readonly PlannedMixedWeight[],
  percent: number,
  search: ChannelSearch,
  context: ConversionContext
): Promise<BitWidths> {
  const allTiles = weights.reduce((sum, { tensor }) => sum + tensor.rows, 0) / ROW_TILE;
  const tiles = Math.round((allTiles * percent) / 100);
  if (tiles === 0 || tiles === allTiles) {
    const flag = tiles === 0 ? 0 : 1;
    return {
      search: "none",
      weights: weights.map((planned) => ({
        planned,
        is8bit: new Uint8Array(planned.tensor.rows).fill(flag),
        features8bit: flag * planned.tensor.rows
      }))
    };
  }
  const masks = chooseFeatures(await search.score(weights, context), tiles);
  return {
    search: search.name,
    weights: weights.map((planned) => {
      const is8bit = masks.get(planned.target);
      if (is8bit === undefined) throw new Error(`${search.name} did not score ${planned.target}`);
      return { planned, is8bit, features8bit: is8bit.reduce((sum, flag) => sum + flag, 0) };
    })
  };
}
