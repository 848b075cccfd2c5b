import type { Comparison } from "../compare/Comparison.js";
import { formatBytes } from "../../common/cli/format.js";
import { html, type Html } from "../../common/charts/html.js";
import { type Duel, type Outcome, duels } from "./duels.js";
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

/** A table of MixLLM models against stock ones, in words and colours; undefined where there is none of either. */
export function duelTable(duels: readonly Duel[]): Html | undefined {
  const first = duels[0];
  if (first === undefined) return undefined;
  const tests = first.speed.map(({ test }) => test);
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="MixLLM against stock types">
      <table>
        <thead>
          <tr>
            <th scope="col">MixLLM</th>
            <th scope="col">stock, nearest in size</th>
            <th scope="col">file size</th>
            <th scope="col">mean KLD</th>
            <th scope="col">mean KLD at its size</th>
            ${tests.map((test) => html`<th scope="col">${test}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${duels.map(
            ({ model, rival, size, kld, kldAtSize, speed }) => html`
              <tr>
                <th scope="row">${model.name} <small>${formatBytes(model.fileBytes)}</small></th>
                <td>${rival.name} <small>${formatBytes(rival.fileBytes)}</small></td>
                ${cell(size, share(size, "smaller", "larger"))} ${cell(kld, share(kld, "less", "more"))}
                ${kldAtSize === undefined ? html`<td>–</td>` : cell(kldAtSize, share(kldAtSize, "less", "more"))}
                ${speed.map(({ outcome }) => cell(outcome, `${outcome.ratio.toFixed(2)} ×`))}
              </tr>
            `
          )}
        </tbody>
      </table>
    </div>
    <p class="note">
      Green is in MixLLM's favour, red against it; grey is within two standard errors. “At its size” compares with the
      divergence that stock types would have at just that file size, interpolated between the two nearest of them.
    </p>
  `;
}

function cell({ verdict }: Outcome, text: string): Html {
  return html`<td class="${verdict}">${text}</td>`;
}

function share({ ratio }: Outcome, less: string, more: string): string {
  if (ratio >= 2) return `${ratio.toFixed(1)} × as much`;
  const percent = Math.abs(100 * (ratio - 1));
  return percent < 0.05 ? "the same" : `${percent.toFixed(percent < 10 ? 1 : 0)} % ${ratio < 1 ? less : more}`;
}
