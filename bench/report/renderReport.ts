import { basename, resolve } from "node:path";
import { html, type Html } from "../../common/charts/html.js";
import type { ComparedModel, Comparison } from "../compare/Comparison.js";
import { comparisonColumns } from "../compare/formatComparison.js";
import { channelShareChart } from "../../common/charts/channelShareChart.js";
import { channelShareTable } from "../../common/charts/channelShareTable.js";
import { figure } from "../../common/charts/figure.js";
import { channelShares, expertShares } from "../../common/format/channelShares.js";
import { renderPage } from "../../common/charts/page/renderPage.js";
import { formatBytes } from "../../common/cli/format.js";
import { duels } from "./duels.js";
import { duelTable, verdict } from "./verdict.js";
import { legend } from "./families.js";
import { plottedModels } from "./paretoFront.js";
import { provenanceSection } from "./provenanceSection.js";
import { sizeAgainstKld } from "./sizeAgainstKld.js";
import { speedSection } from "./speedSection.js";

/** All figures of all models; with scripts a click on a title sorts by its column. */
function figuresTable(models: readonly ComparedModel[]): Html {
  const columns = comparisonColumns(models);
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="all figures">
      <table class="sortable">
        <thead>
          <tr>
            ${columns.map(({ title }) => html`<th scope="col">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${models.map(
            (model) => html`
              <tr class="${model.family}">
                ${columns.map(({ text, value }, i) =>
                  i === 0
                    ? html`<th scope="row" data-value="${value(model)}">${text(model)}</th>`
                    : html`<td data-value="${value(model)}">${text(model)}</td>`
                )}
              </tr>
            `
          )}
        </tbody>
      </table>
    </div>
  `;
}

/** Where each MixLLM model has its 8-bit channels; undefined where there is no MixLLM model. */
function channelSection(models: readonly ComparedModel[]): Html | undefined {
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
        return html`
          ${title}${figure((width) => channelShareChart(shares, width))}${channelShareTable(shares)}
          ${expertShares(tensors).map(
            ({ kind, shares: own }) => html`
              <h4>${kind} by expert</h4>
              ${figure((width) => channelShareChart(own, width))}
            `
          )}
        `;
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

/** The comparison as a page that needs nothing but itself. */
export async function renderReport(comparison: Comparison): Promise<string> {
  const { models, machine } = comparison;
  const name = basename(resolve(comparison.source));
  const plotted = plottedModels(models);
  const reference = models[0];
  const body = html`
    <main>
      <header>
        <p class="kicker">MixLLM side by side</p>
        <h1>${name}</h1>
        <p class="note">
          ${models.length} models${reference && `, unquantized ${formatBytes(reference.fileBytes)}`} ·
          ${comparison.date.slice(0, 10)} · ${machine.cpu}
        </p>
      </header>
      <section id="verdict">
        <h2>Verdict</h2>
        ${verdict(comparison).map((sentence) => html`<p>${sentence}</p>`)} ${duelTable(duels(comparison))}
      </section>
      ${
        plotted.length === 0
          ? undefined
          : html`
              <section id="quality">
                <h2>Size against quality</h2>
                ${legend(plotted)}
                ${figure(
                  (width) => sizeAgainstKld(plotted, width),
                  html`Further left is smaller, further down is closer to the unquantized model. Bars are two standard
                  errors to either side; the dotted line is the Pareto front, and whatever lies above it is beaten by
                  something that is both smaller and closer.`
                )}
              </section>
            `
      }
      ${speedSection(comparison)} ${channelSection(models)}
      <section id="figures">
        <h2>All figures</h2>
        ${figuresTable(models)}
      </section>
      ${provenanceSection(comparison)}
    </main>
  `;
  return renderPage(`${name}: MixLLM side by side`, body);
}
