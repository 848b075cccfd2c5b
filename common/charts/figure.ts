import { html, Html } from "./html.js";

/** Widths a chart is drawn at, in pixels; `page.css` shows the one that suits the window. */
const WIDTHS = { wide: 960, narrow: 340 };

/**
 * A chart with its caption, drawn once for wide and once for narrow windows, so that its text is legible in both.
 *
 * @param draw draws the chart as SVG at a width in pixels
 */
export function figure(draw: (width: number) => string, caption?: Html): Html {
  return html`
    <figure>
      <div class="wide">${new Html(draw(WIDTHS.wide))}</div>
      <div class="narrow">${new Html(draw(WIDTHS.narrow))}</div>
      ${caption === undefined ? undefined : html`<figcaption>${caption}</figcaption>`}
    </figure>
  `;
}
