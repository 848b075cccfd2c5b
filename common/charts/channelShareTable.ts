import type { ChannelShare } from "./ChannelShare.js";
import { html, type Html } from "./html.js";

/** The same as `channelShareChart`, in numbers. */
export function channelShareTable(shares: readonly ChannelShare[]): Html {
  const kinds = [...new Set(shares.map(({ kind }) => kind))];
  const layers = [...new Set(shares.map(({ layer }) => layer))].sort((a, b) => a - b);
  const found = new Map(shares.map((share) => [`${share.layer} ${share.kind}`, share]));
  return html`
    <details>
      <summary>In numbers</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="8-bit output channels by layer and kind, in percent">
        <table>
          <thead>
            <tr>
              <th scope="col">layer</th>
              ${kinds.map((kind) => html`<th scope="col">${kind}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${layers.map(
              (layer) => html`
                <tr>
                  <th scope="row">${layer}</th>
                  ${kinds.map((kind) => html`<td>${percent(found.get(`${layer} ${kind}`))}</td>`)}
                </tr>
              `
            )}
          </tbody>
        </table>
      </div>
    </details>
  `;
}

function percent(share: ChannelShare | undefined): string | undefined {
  return share && ((100 * share.channels8bit) / share.channels).toFixed(1);
}
