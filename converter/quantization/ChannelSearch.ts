import type { ScoredWeight } from "../plan/chooseChannels.js";
import type { PlannedMixedWeight } from "../plan/PlannedTensor.js";
import type { ConversionContext } from "../ConversionContext.js";

/** A way to rank output channels by what they lose in 4 bits. */
export interface ChannelSearch {
  /** Its name in `mixllm.search`. */
  readonly name: string;

  /**
   * Scores every output channel of every weight; higher means more worth 8 bits, comparable over the whole model.
   *
   * @returns one entry a weight, in the order given
   * @throws {InvalidInputError} a weight holds NaN or infinity
   */
  score(weights: readonly PlannedMixedWeight[], context: ConversionContext): Promise<ScoredWeight[]>;
}
