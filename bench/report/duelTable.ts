import { formatBytes } from "../../common/cli/format.js";
import { html, type Html } from "../../common/charts/html.js";
import type { Duel } from "./Duel.js";
import type { Outcome } from "./Outcome.js";

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
