import { assertFinite } from "../model/assertFinite.js";
import { sourceRows } from "../model/sourceRows.js";
import type { ScoredWeight } from "../plan/chooseChannels.js";
import type { ChannelSearch } from "./ChannelSearch.js";

/** Ranks output channels by the squared error of rounding them to 4 bits: no data needed, a baseline. */
export const weightErrorSearch: ChannelSearch = {
  name: "weight_error",

  async score(weights, { reader, addon, threads, progress }) {
    const scored: ScoredWeight[] = [];
    for (const [i, { target, tensor }] of weights.entries()) {
      progress(i / weights.length, target);
      const scores = new Float64Array(tensor.rows);
      const data = await reader.read(tensor);
      const { firstNonFinite } = await addon.weightError(sourceRows(tensor, data), scores, threads);
      assertFinite(tensor, firstNonFinite);
      scored.push({ target, scores });
    }
    return scored;
  }
};
