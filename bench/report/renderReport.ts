import { basename, resolve } from "node:path";
import { figure } from "../../common/charts/figure.js";
import { html } from "../../common/charts/html.js";
import { renderPage } from "../../common/charts/page/renderPage.js";
import { formatBytes } from "../../common/cli/format.js";
import type { Comparison } from "../compare/Comparison.js";
import { channelSection } from "./channelSection.js";
import { duels } from "./duels.js";
import { duelTable } from "./duelTable.js";
import { figuresTable } from "./figuresTable.js";
import { legend } from "./legend.js";
import { plottedModels } from "./plottedModels.js";
import { provenanceSection } from "./provenanceSection.js";
import { sizeAgainstKld } from "./sizeAgainstKld.js";
import { speedSection } from "./speedSection.js";
import { verdict } from "./verdict.js";

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
