import type { ComparedModel } from "../compare/Comparison.js";
import { html, type Html } from "../../common/charts/html.js";

/** How contenders are told apart by colour and shape. */
export type Family = ComparedModel["family"];

export const families: Readonly<
  Record<Family, { label: string; colour: string; symbol: "diamond2" | "circle" | "square" }>
> = {
  mixllm: { label: "MixLLM", colour: "var(--mixllm)", symbol: "diamond2" },
  stock: { label: "llama.cpp", colour: "var(--stock)", symbol: "circle" },
  unquantized: { label: "unquantized", colour: "var(--unquantized)", symbol: "square" }
};

/** Outlines of the charts' symbols in a square of 12 by 12. */
const OUTLINES: Readonly<Record<Family, string>> = {
  mixllm: "M6 0 12 6 6 12 0 6Z",
  stock: "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10Z",
  unquantized: "M1 1H11V11H1Z"
};

/** Says which colour and shape is which family, for those that occur. */
export function legend(models: readonly ComparedModel[]): Html {
  const shown = (Object.keys(families) as Family[]).filter((family) => models.some((model) => model.family === family));
  return html`
    <p class="legend">
      ${shown.map(
        (family) => html`
          <span>
            <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
              <path d="${OUTLINES[family]}" fill="${families[family].colour}" />
            </svg>
            ${families[family].label}
          </span>
        `
      )}
    </p>
  `;
}
