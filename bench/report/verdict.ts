import type { Comparison } from "../compare/Comparison.js";
import type { Duel } from "./Duel.js";
import type { Outcome } from "./Outcome.js";
import { duels } from "./duels.js";
import { paretoFront } from "./paretoFront.js";

/** What a comparison comes to, in plain sentences, the most important first. */
export function verdict(comparison: Comparison): string[] {
  const fights = duels(comparison);
  return [...qualitySentences(fights), ...frontSentences(comparison), ...speedSentences(fights)];
}

function qualitySentences(fights: readonly Duel[]): string[] {
  const names = (wanted: Outcome["verdict"]): string[] =>
    fights.filter(({ kldAtSize }) => kldAtSize?.verdict === wanted).map(({ model }) => model.name);
  const [better, even, worse] = [names("better"), names("even"), names("worse")];
  const parts = [
    better.length === 0 ? [] : `${listOf(better)} ${better.length === 1 ? "stays" : "stay"} closer to the original`,
    even.length === 0 ? [] : `${listOf(even)} ${even.length === 1 ? "is" : "are"} level`,
    worse.length === 0 ? [] : `${listOf(worse)} ${worse.length === 1 ? "strays" : "stray"} further from the original`
  ].flat();
  const range = rangeOf(fights.flatMap(({ kldAtSize }) => kldAtSize ?? []));
  if (parts.length === 0 || range === undefined) return [];
  return [
    `Against llama.cpp's types of the same file size, ${listOf(parts)}: ` +
      `the KL divergence is ${range} times theirs (interpolated between neighbours in size).`
  ];
}

function frontSentences({ models }: Comparison): string[] {
  const trades = models.flatMap(({ name, fileBytes, quality }) =>
    quality.comparison === undefined ? [] : [{ name, fileBytes, kld: quality.comparison.kld.mean }]
  );
  if (trades.length < 2) return [];
  const front = paretoFront(trades);
  const beaten = trades.filter((trade) => !front.includes(trade));
  const first = `No other contender is both smaller and closer to the original than ${listOf(
    front.map(({ name }) => name),
    "or"
  )}`;
  if (beaten.length === 0) return [`${first}: all of them are on the Pareto front.`];
  return [
    `${first}: these are the Pareto front. ${listOf(beaten.map(({ name }) => name))} ${beaten.length === 1 ? "is" : "are"} beaten on both counts.`
  ];
}

function speedSentences(fights: readonly Duel[]): string[] {
  const tests = [...new Set(fights.flatMap(({ speed }) => speed.map(({ test }) => test)))];
  const parts = tests.flatMap((test) => {
    const outcomes = fights.flatMap(({ speed }) => speed.filter((entry) => entry.test === test));
    const range = rangeOf(outcomes.map(({ outcome }) => outcome));
    return range === undefined ? [] : `${range} times the tokens per second in ${test}`;
  });
  if (parts.length === 0) return [];
  return [`MixLLM reaches ${listOf(parts)}, compared with the stock type nearest in size to each.`];
}

/** `0.71`, or `0.71 to 1.20`. */
function rangeOf(outcomes: readonly Outcome[]): string | undefined {
  const ratios = outcomes.map(({ ratio }) => ratio);
  if (ratios.length === 0) return undefined;
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toPrecision(ratio < 1 ? 2 : 3));
  return least === most ? least : `${least} to ${most}`;
}

/** `a`, `a and b`, `a, b and c`. */
function listOf(words: readonly string[], conjunction = "and"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}
