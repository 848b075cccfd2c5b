import type { ComparedModel } from "../compare/Comparison.js";
import type { Outcome } from "./Outcome.js";

/** A MixLLM model against the stock one that is nearest in file size. */
export interface Duel {
  readonly model: ComparedModel;
  readonly rival: ComparedModel;
  /** File size; its verdict is that of any difference. */
  readonly size: Outcome;
  readonly kld: Outcome;
  /** Against what stock models have at just its size, by interpolation; undefined where none is smaller, or none larger. */
  readonly kldAtSize: Outcome | undefined;
  /** One entry for each speed test that both ran. */
  readonly speed: readonly { readonly test: string; readonly outcome: Outcome }[];
}
