import type { ComparedModel } from "../compare/Comparison.js";

/** Models whose divergence has a place on a logarithmic scale: not the reference, nor what equals it. */
export function plottedModels(models: readonly ComparedModel[]): ComparedModel[] {
  return models.filter(({ quality }) => (quality.comparison?.kld.mean ?? 0) > 0);
}

/** A contender as a trade of size for divergence; less of either is better. */
export interface Trade {
  readonly fileBytes: number;
  readonly kld: number;
}

/**
 * The contenders that no other beats in one of size and divergence without losing in the other, by rising size; equals
 * stand side by side.
 */
export function paretoFront<T extends Trade>(trades: readonly T[]): T[] {
  const front: T[] = [];
  for (const trade of trades.toSorted((a, b) => a.fileBytes - b.fileBytes || a.kld - b.kld)) {
    const last = front.at(-1);
    const equal = trade.kld === last?.kld && trade.fileBytes === last.fileBytes;
    if (last === undefined || trade.kld < last.kld || equal) front.push(trade);
  }
  return front;
}
