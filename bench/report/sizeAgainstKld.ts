import { areaY, axisX, axisY, dot, gridY, line, ruleX, scale, text, type PlotOptions } from "@observablehq/plot";
import { formatBytes } from "../../common/cli/format.js";
import { renderChart } from "../../common/charts/renderChart.js";
import type { ComparedModel } from "../compare/Comparison.js";
import { families, type Family } from "./families.js";
import { paretoFront } from "./paretoFront.js";
import { placeLabels, type Box } from "./placeLabels.js";

const MARGIN = { top: 18, right: 16, bottom: 42, left: 52 };
/** Standard errors that an error bar extends to either side. */
const BAR_ERRORS = 2;

interface Point {
  name: string;
  family: Family;
  fileBytes: number;
  size: number;
  kld: number;
  low: number;
  high: number;
  title: string;
}

/**
 * Draws file size against mean KL divergence, the divergence on a logarithmic scale, with the Pareto front.
 *
 * @param models those with a divergence; at least one
 * @param width in pixels
 * @param style CSS for a picture that stands alone
 */
export function sizeAgainstKld(models: readonly ComparedModel[], width: number, style?: string): string {
  const largest = Math.max(...models.map(({ fileBytes }) => fileBytes));
  const [unit, unitBytes] = largest >= 2 ** 30 ? ["GiB", 2 ** 30] : ["MiB", 2 ** 20];
  const points = models.flatMap((model) => pointOf(model, unitBytes));
  const front = paretoFront(points);

  const height = Math.round(Math.min(460, Math.max(360, 0.5 * width)));
  const sizes = points.map(({ size }) => size);
  const room = 0.05 * (Math.max(...sizes) - Math.min(...sizes)) || 0.1 * sizes[0]!;
  const [left, right] = [Math.min(...sizes) - 2 * room, Math.max(...sizes) + room];
  const [bottom, top] = [
    0.7 * Math.min(...points.map(({ low }) => low)),
    1.5 * Math.max(...points.map(({ high }) => high))
  ];
  const xScale = { domain: [left, right], range: [MARGIN.left, width - MARGIN.right] };
  const yScale = { type: "log" as const, domain: [bottom, top], range: [height - MARGIN.bottom, MARGIN.top] };
  const ticks = roundNumbers(bottom, top);
  const edge = [{ size: front[0]!.size, kld: top }, ...front, { size: right, kld: front.at(-1)!.kld }];

  const [x, y] = [scale({ x: xScale }), scale({ y: yScale })];
  const inPixels = ({ size, kld }: Pick<Point, "size" | "kld">): { x: number; y: number } => ({
    x: x.apply(size) as number,
    y: y.apply(kld) as number
  });
  const places = placeLabels(
    points.map((point) => ({ ...inPixels(point), label: point.name })),
    { left: MARGIN.left, right: width, top: 0, bottom: height - MARGIN.bottom },
    edge.slice(1).flatMap((to, i) => stepBoxes(inPixels(edge[i]!), inPixels(to)))
  );

  const options: PlotOptions = {
    width,
    height,
    marginTop: MARGIN.top,
    marginRight: MARGIN.right,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    x: xScale,
    y: yScale,
    marks: [
      gridY(ticks, { stroke: "var(--line)", strokeOpacity: 1 }),
      axisX({ label: `file size (${unit})`, labelAnchor: "right", ticks: width < 500 ? 5 : 9, tickSize: 4 }),
      axisY(ticks, { label: "mean KL divergence (nats)", tickSize: 0, tickFormat: (value: number) => String(value) }),
      areaY(edge, { x: "size", y1: "kld", y2: top, curve: "step-after", fill: "var(--ink)", fillOpacity: 0.04 }),
      line(edge, { x: "size", y: "kld", curve: "step-after", stroke: "var(--muted)", strokeDasharray: "2,3" }),
      ruleX(points, { x: "size", y1: "low", y2: "high", stroke: (point: Point) => families[point.family].colour }),
      dot(points, {
        x: "size",
        y: "kld",
        r: (point: Point) => (point.family === "mixllm" ? 6 : 5),
        symbol: (point: Point) => families[point.family].symbol,
        fill: (point: Point) => families[point.family].colour,
        stroke: "var(--surface)",
        strokeWidth: 1.5,
        title: "title"
      }),
      ...points.map((point, i) =>
        text([point], {
          x: "size",
          y: "kld",
          text: "name",
          fill: families[point.family].colour,
          stroke: "var(--surface)",
          strokeWidth: 4,
          fontWeight: point.family === "mixllm" ? "bold" : "normal",
          pointerEvents: "none",
          ...places[i]
        })
      )
    ],
    r: { type: "identity" },
    color: { type: "identity" },
    symbol: { type: "identity" }
  };
  return renderChart(
    options,
    "Scatter plot of file size against mean KL divergence, with the Pareto front; the table below has its figures",
    style
  );
}

function pointOf(model: ComparedModel, unitBytes: number): Point[] {
  const kld = model.quality.comparison?.kld;
  // A logarithmic scale has no place for a model that is the same as its reference.
  if (kld === undefined || kld.mean <= 0) return [];
  const { name, family, fileBytes, bitsPerWeight } = model;
  return [
    {
      name,
      family,
      fileBytes,
      size: fileBytes / unitBytes,
      kld: kld.mean,
      low: Math.max(kld.mean - BAR_ERRORS * kld.meanError, 0.1 * kld.mean),
      high: kld.mean + BAR_ERRORS * kld.meanError,
      title:
        `${name}\n${formatBytes(fileBytes)}, ${bitsPerWeight.toFixed(2)} bits per weight\n` +
        `mean KL divergence ${kld.mean.toPrecision(4)} ± ${kld.meanError.toPrecision(2)}`
    }
  ];
}

/** 1, 2 and 5 times powers of ten from `least` to `most`. */
function roundNumbers(least: number, most: number): number[] {
  const powers = Array.from(
    { length: Math.ceil(Math.log10(most / least)) + 2 },
    (_, i) => Math.floor(Math.log10(least)) + i
  );
  return powers
    .flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)))
    .filter((value) => value >= least && value <= most);
}

/** The two lines of a step of the Pareto front, to the right and then down. */
function stepBoxes(from: { x: number; y: number }, to: { x: number; y: number }): Box[] {
  return [
    { left: from.x, right: to.x, top: from.y - 1, bottom: from.y + 1 },
    { left: to.x - 1, right: to.x + 1, top: from.y, bottom: to.y }
  ];
}
