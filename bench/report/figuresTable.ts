import { html, type Html } from "../../common/charts/html.js";
import type { ComparedModel } from "../compare/Comparison.js";
import { comparisonColumns } from "../compare/comparisonColumns.js";

/** All figures of all models; with scripts a click on a title sorts by its column. */
export function figuresTable(models: readonly ComparedModel[]): Html {
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
