import { axisY, barX, ruleX, ruleY, text, type PlotOptions } from "@observablehq/plot";
import { renderChart } from "../../common/charts/renderChart.js";
import { Html, html } from "../../common/charts/html.js";
import type { ComparedModel, Comparison } from "../compare/Comparison.js";
import { type Family, families } from "./families.js";

/** One bar of a bar chart. */
interface Bar {
  readonly name: string;
  readonly family: Family;
  readonly value: number;
  /** Half the length of its whisker. */
  readonly spread: number;
  /** The value as a person reads it. */
  readonly text: string;
}

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
function barChart(bars: readonly Bar[], width: number, description: string): string {
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

/** Width of a chart, in pixels: two stand side by side in a wide window, and one fills a narrow one. */
const WIDTH = 420;

/** Bars for each speed test, and for the time to the first token; the largest file on top in each. */
export function speedSection({ models, settings }: Comparison): Html | undefined {
  const bySize = models.toSorted((a, b) => b.fileBytes - a.fileBytes);
  const tests = [...new Set(models.flatMap(({ speed }) => speed.map(({ test }) => test)))];
  if (tests.length === 0) return undefined;
  return html`
    <section id="speed">
      <h2>Speed</h2>
      <p class="note">
        Means of ${settings.repeat} ${settings.repeat === 1 ? "round" : "rounds"} in which the models took turns, on
        ${settings.threads} ${settings.threads === 1 ? "thread" : "threads"}; whiskers are standard deviations. The time
        to the first token is that of a fresh process, from opening the file, with a prompt of 32 tokens.
      </p>
      <div class="panels">
        ${tests.map((test) => panel(titleOf(test), "tokens per second, more is better", testBars(bySize, test)))}
        ${panel("Time to the first token", "seconds, less is better", startBars(bySize))}
      </div>
    </section>
  `;
}

/** @param unit must not come from a file, unlike `title` */
function panel(title: string, unit: string, bars: readonly Bar[]): Html {
  const chart = barChart(bars, WIDTH, `Bar chart: ${unit}, by model; the table of all figures has the same numbers`);
  return html`<figure>
    <h3>${title} <span class="unit">${unit}</span></h3>
    ${new Html(chart)}
  </figure>`;
}

/** `pp512 @ d4096` is prompt processing of 512 tokens after 4096; a test of another form goes by its own name. */
function titleOf(test: string): string {
  const match = /^(pp|tg)(\d+)(?: @ d(\d+))?$/.exec(test);
  if (match === null) return test;
  const [, kind, tokens, depth] = match;
  const what = kind === "pp" ? "Prompt" : "Generation";
  return `${what}, ${tokens} tokens${depth === undefined ? "" : ` after ${depth}`}`;
}

function testBars(models: readonly ComparedModel[], test: string): Bar[] {
  return models.flatMap(({ name, family, speed }) => {
    const rate = speed.find((figures) => figures.test === test)?.tokensPerSecond;
    if (rate === undefined) return [];
    return [{ name, family, value: rate.mean, spread: rate.sd, text: rateText(rate.mean) }];
  });
}

function startBars(models: readonly ComparedModel[]): Bar[] {
  return models.map(({ name, family, footprint }) => ({
    name,
    family,
    value: footprint.firstTokenSeconds,
    spread: 0,
    text: `${footprint.firstTokenSeconds.toPrecision(3)}`
  }));
}

function rateText(rate: number): string {
  return rate >= 100 ? String(Math.round(rate)) : rate.toPrecision(3);
}
