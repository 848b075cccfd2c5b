import { plot, type PlotOptions } from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** As much of the DOM as is used here; the project is compiled without the browser's types. */
interface ChartElement {
  readonly attributes: Iterable<{ readonly name: string; value: string }>;
  readonly outerHTML: string;
  append(child: unknown): void;
  prepend(child: unknown): void;
  querySelectorAll(selector: string): Iterable<ChartElement>;
  setAttribute(name: string, value: string): void;
  textContent: string;
}

/** Attributes that hold text, where a number is no coordinate. */
const TEXT_ATTRIBUTE = /^(?:aria-|class$|font-|id$|role$)/;

/**
 * Draws a chart as an SVG element, without a browser.
 *
 * @param options of Observable Plot; a chart of a fixed `width`, which scales down where there is less room
 * @param description what the chart shows, for those who cannot see it; must not hold text from a file
 * @param style CSS for a picture that stands alone; an inline chart takes its page's
 */
export function renderChart(options: PlotOptions, description: string, style?: string): string {
  const { document } = parseHTML("<html></html>") as unknown as {
    document: { createElementNS(namespace: string, name: string): ChartElement };
  };
  const chart = plot({
    className: "chart",
    style: { fontSize: "12px" },
    ...options,
    document: document as never
  }) as unknown as ChartElement;
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", description);
  roundCoordinates(chart);
  for (const element of chart.querySelectorAll("*")) roundCoordinates(element);
  if (style !== undefined) {
    chart.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    const element = document.createElementNS("http://www.w3.org/2000/svg", "style");
    element.textContent = style;
    chart.append(element);
  }
  return chart.outerHTML;
}

/** A hundredth of a pixel is enough, and makes a chart half as long. */
function roundCoordinates(element: ChartElement): void {
  for (const attribute of element.attributes) {
    if (TEXT_ATTRIBUTE.test(attribute.name)) continue;
    attribute.value = attribute.value.replace(/-?\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2))));
  }
}
