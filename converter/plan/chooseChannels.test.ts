import { expect, test } from "vitest";
import { chooseChannels, chooseEqualShares, type ScoredWeight } from "./chooseChannels.js";

const weight = (target: string, scores: number[], experts = 1): ScoredWeight => ({
  target,
  experts,
  scores: Float64Array.from(scores)
});
const ramp = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

function chosen(weights: ScoredWeight[], tiles: number): Record<string, number[]> {
  const masks = chooseChannels(weights, tiles, () => 1);
  return Object.fromEntries(
    [...masks].map(([name, mask]) => [name, ramp(0, mask.length).filter((i) => mask[i] === 1)])
  );
}

test("takes whole tiles of 16, the best of the whole model", () => {
  const weights = [weight("low", ramp(0, 32)), weight("high", ramp(100, 32))];
  expect(chosen(weights, 0)).toEqual({ low: [], high: [] });
  expect(chosen(weights, 1)).toEqual({ low: [], high: ramp(16, 16) });
  expect(chosen(weights, 2)).toEqual({ low: [], high: ramp(0, 32) });
  expect(chosen(weights, 3)).toEqual({ low: ramp(16, 16), high: ramp(0, 32) });
});

test("one outlier does not win a tile against sixteen good channels", () => {
  const weights = [
    weight("outlier", [100, ...new Array<number>(15).fill(0)]),
    weight("even", new Array<number>(16).fill(7))
  ];
  expect(chosen(weights, 1)).toEqual({ outlier: [], even: ramp(0, 16) });
});

test("no other choice of whole tiles scores higher", () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const weights = ["a", "b", "c"].map((name) =>
    weight(
      name,
      Array.from({ length: 48 }, () => random() ** 4)
    )
  );
  for (let tiles = 0; tiles <= 9; tiles++) {
    const total = (counts: number[]): number =>
      weights.reduce((sum, { scores }, i) => {
        const best = [...scores].sort((x, y) => y - x).slice(0, 16 * (counts[i] ?? 0));
        return sum + best.reduce((x, y) => x + y, 0);
      }, 0);
    let highest = 0;
    for (let a = 0; a <= 3; a++)
      for (let b = 0; b <= 3; b++) {
        const c = tiles - a - b;
        if (c >= 0 && c <= 3) highest = Math.max(highest, total([a, b, c]));
      }
    const picked = chosen(weights, tiles);
    expect(total(weights.map(({ target }) => (picked[target]?.length ?? 0) / 16))).toBeCloseTo(highest, 12);
  }
});

test("a byte limit is filled with the best tiles that fit", () => {
  const weights = [weight("long", ramp(100, 32)), weight("short", ramp(0, 32))];
  const costs: Record<string, number> = { long: 10, short: 3 };
  const masks = chooseChannels(weights, 16, (target) => costs[target] ?? NaN);
  expect([...masks.values()].map((mask) => mask.reduce((sum, flag) => sum + flag, 0))).toEqual([16, 32]);
});

test("of scores that add up, a byte limit buys the most", () => {
  const weights = [weight("long", ramp(100, 32)), weight("short", ramp(40, 32))];
  const costs: Record<string, number> = { long: 10, short: 3 };
  const masks = chooseChannels(weights, 16, (target) => costs[target] ?? NaN, true);
  expect([...masks.values()].map((mask) => mask.reduce((sum, flag) => sum + flag, 0))).toEqual([16, 32]);
  const fewer = chooseChannels(weights, 13, (target) => costs[target] ?? NaN, true);
  expect([...fewer.values()].map((mask) => mask.reduce((sum, flag) => sum + flag, 0))).toEqual([0, 32]);
});

test("ties go to the earlier weight and the lower channel, infinities first", () => {
  const flat = (name: string): ScoredWeight => weight(name, new Array<number>(32).fill(1));
  expect(chosen([flat("first"), flat("second")], 1)).toEqual({ first: ramp(0, 16), second: [] });
  const infinite = weight("infinite", [...new Array<number>(31).fill(0), Infinity]);
  expect(chosen([flat("flat"), infinite], 1)["infinite"]).toContain(31);
});

test("tiles are of one expert each, and experts compete with all else", () => {
  const stack = weight("stack", [...ramp(0, 32), ...ramp(100, 32), ...ramp(50, 32)], 3);
  expect(chosen([stack, weight("other", ramp(70, 16))], 3)).toEqual({ stack: ramp(32, 32), other: ramp(0, 16) });
});

test("equal shares give every weight and expert as many, what is left over one after the other", () => {
  const weights = [weight("plain", ramp(0, 64)), weight("stack", [...ramp(0, 32), ...ramp(100, 32)], 2)];
  const counts = (share: number): number[][] =>
    [...chooseEqualShares(weights, share).values()].map((mask) =>
      Array.from({ length: mask.length / 32 }, (_, i) =>
        mask.subarray(32 * i, 32 * (i + 1)).reduce((sum, flag) => sum + flag, 0)
      )
    );
  expect(counts(0.5)).toEqual([
    [0, 32],
    [16, 16]
  ]);
  expect(counts(0.25)).toEqual([
    [0, 16],
    [16, 0]
  ]);
  expect(counts(1)).toEqual([
    [32, 32],
    [32, 32]
  ]);
});
