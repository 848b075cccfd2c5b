import { axisY, barX, ruleX, ruleY, text, type PlotOptions } from "@observablehq/plot";
import { renderChart } from "../../common/charts/renderChart.js";
import type { Bar } from "./Bar.js";
import { families } from "./Family.js";

const ROW_HEIGHT = 24;
/** What a letter takes on average at the charts' font size. */
const LETTER_WIDTH = 6.7;

/**
 * Draws horizontal bars with whiskers, each with its value written beside it.
 *
 * @param bars from top to bottom; names may repeat
 * @param width in pixels
 * @param description see `renderChart`
 */
export function barChart(bars: readonly Bar[], width: number, description: string): string {
  const marginLeft = 16 + LETTER_WIDTH * Math.max(...bars.map(({ name }) => name.length));
  const marginRight = 12 + LETTER_WIDTH * Math.max(...bars.map(({ text }) => text.length));
  const rows = bars.map((bar, row) => ({ ...bar, row, end: bar.value + bar.spread }));
  type Row = (typeof rows)[number];
  const options: PlotOptions = {
    width,
    height: ROW_HEIGHT * bars.length + 4,
    margin: 2,
    marginLeft: Math.min(marginLeft, 0.45 * width),
    marginRight,
    x: { axis: null, domain: [0, Math.max(...rows.map(({ end }) => end))] },
    y: { type: "band", domain: rows.map(({ row }) => row), padding: 0.24 },
    marks: [
      axisY({ label: null, tickSize: 0, tickFormat: (row: number) => rows[row]!.name }),
      barX(rows, {
        x: "value",
        y: "row",
        fill: (row: Row) => families[row.family].colour,
        rx2: 2,
        title: (row: Row) => `${row.name}: ${row.text}`
      }),
      ruleY(
        rows.filter(({ spread }) => spread > 0),
        {
          x1: (row: Row) => Math.max(0, row.value - row.spread),
          x2: "end",
          y: "row",
          stroke: "var(--ink)",
          strokeWidth: 1.5,
          pointerEvents: "none"
        }
      ),
      text(rows, {
        x: "end",
        y: "row",
        text: "text",
        textAnchor: "start",
        dx: 6,
        fill: "var(--ink)",
        fontVariant: "tabular-nums"
      }),
      ruleX([0], { stroke: "var(--line)" })
    ],
    color: { type: "identity" }
  };
  return renderChart(options, description);
}
