import { channelShareChart } from "../../common/charts/channelShareChart.js";
import { channelShareTable } from "../../common/charts/channelShareTable.js";
import { figure } from "../../common/charts/figure.js";
import { html, type Html } from "../../common/charts/html.js";
import { channelShares } from "../../common/format/channelShares.js";
import type { ComparedModel } from "../compare/Comparison.js";

/** Where each MixLLM model has its 8-bit channels; undefined where there is no MixLLM model. */
export function channelSection(models: readonly ComparedModel[]): Html | undefined {
  const mixed = models.filter(({ tensors }) => tensors !== undefined && channelShares(tensors).length > 0);
  if (mixed.length === 0) return undefined;
  return html`
    <section id="channels">
      <h2>8-bit output channels</h2>
      <p class="note">
        Share of the output channels of each decoder layer and kind of linear that are kept in 8 bits, in percent; the
        others have 4. They are chosen over the whole model, by how much rounding them would cost.
      </p>
      ${mixed.map(({ name, tensors = [] }) => {
        const shares = channelShares(tensors);
        const [channels, channels8bit] = [sum(shares.map((s) => s.channels)), sum(shares.map((s) => s.channels8bit))];
        const title = html`<h3>
          ${name} <span class="unit">${percentOf(channels8bit, channels)} of all channels</span>
        </h3>`;
        if (channels8bit === 0)
          return html`${title}
            <p>Every channel has 4 bits.</p>`;
        return html`${title}${figure((width) => channelShareChart(shares, width))}${channelShareTable(shares)}`;
      })}
    </section>
  `;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function percentOf(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}
