/** A contender as a trade of size for divergence; less of either is better. */
export interface Trade {
  readonly fileBytes: number;
  readonly kld: number;
}

/** The contenders that no other beats in one of size and divergence without losing in the other, by rising size. */
export function paretoFront<T extends Trade>(trades: readonly T[]): T[] {
  const front: T[] = [];
  for (const trade of trades.toSorted((a, b) => a.fileBytes - b.fileBytes || a.kld - b.kld)) {
    if (trade.kld < (front.at(-1)?.kld ?? Infinity)) front.push(trade);
  }
  return front;
}
