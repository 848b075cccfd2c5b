import { axisX, axisY, cell, text, type PlotOptions } from "@observablehq/plot";
import type { ChannelShare } from "./ChannelShare.js";
import { renderChart } from "./renderChart.js";

/** Room that `100` takes in a cell, in pixels. */
const NUMBER_WIDTH = 26;
/** Colours of a cell's number by its share, so that it stands out on light and on dark pages. */
const NUMBER_COLOURS = [
  { from: 0, below: 0.6, colour: "var(--ink)" },
  { from: 0.6, below: 0.85, colour: "var(--on-pale-mixllm)" },
  { from: 0.85, below: Infinity, colour: "var(--on-mixllm)" }
];
const ROW_HEIGHT = 26;
/** Between cells, in pixels. */
const GAP = 2;

const percent = ({ channels, channels8bit }: ChannelShare): number => (100 * channels8bit) / channels;

/** A share's column and row in a map, and what they are. */
interface Place {
  readonly column: (share: ChannelShare) => number;
  readonly columns: string;
  readonly row: (share: ChannelShare) => string;
  readonly label: string;
}

const BY_KIND: Place = {
  column: ({ layer }) => layer,
  columns: "layer",
  row: ({ kind }) => kind,
  label: "Map of the share of 8-bit output channels by layer and kind of linear"
};

const BY_EXPERT: Place = {
  column: ({ expert = 0 }) => expert,
  columns: "expert",
  row: ({ layer }) => `layer ${layer}`,
  label: "Map of the share of 8-bit output channels by expert and layer"
};

/**
 * Draws the share of 8-bit output channels as a map, the stronger the colour the larger the share: layers from left to
 * right and kinds of linear from top to bottom, or, of experts, experts from left to right and layers from top to bottom.
 *
 * @param shares in the order of the file, which decides the order of the kinds; of whole weights or of experts
 * @param width in pixels
 * @param style CSS for a picture that stands alone
 */
export function channelShareChart(shares: readonly ChannelShare[], width: number, style?: string): string {
  const place = shares[0]?.expert === undefined ? BY_KIND : BY_EXPERT;
  const kinds = [...new Set(shares.map(place.row))];
  const layers = [...new Set(shares.map(place.column))].sort((a, b) => a - b);
  const marginLeft = 12 + 7 * Math.max(...kinds.map((kind) => kind.length));
  const columnWidth = (width - marginLeft - 8) / layers.length;
  const options: PlotOptions = {
    width,
    height: 40 + ROW_HEIGHT * kinds.length,
    margin: 0,
    marginTop: 2,
    marginBottom: 38,
    marginLeft,
    marginRight: 8,
    x: { domain: layers, type: "band", padding: columnWidth > 12 ? GAP / columnWidth : 0 },
    y: { domain: kinds, type: "band", padding: GAP / ROW_HEIGHT },
    marks: [
      axisX({
        label: place.columns,
        labelArrow: "none",
        labelAnchor: "center",
        tickSize: 0,
        ticks: layers.filter((_, i) => i % Math.ceil(24 / columnWidth) === 0),
        labelOffset: 34
      }),
      axisY({ label: null, tickSize: 0 }),
      cell(shares, { x: place.column, y: place.row, fill: "var(--raised)" }),
      cell(shares, {
        x: place.column,
        y: place.row,
        fill: "var(--mixllm)",
        fillOpacity: (share: ChannelShare) => percent(share) / 100,
        title: (share: ChannelShare) =>
          `layer ${share.layer}, ${share.kind}${share.expert === undefined ? "" : `, expert ${share.expert}`}: ${share.channels8bit} of ${share.channels} output channels in 8 bits ` +
          `(${percent(share).toFixed(1)} %)`
      }),
      ...(columnWidth < NUMBER_WIDTH ? [] : NUMBER_COLOURS.map((range) => numbers(shares, place, range)))
    ],
    opacity: { type: "identity" }
  };
  return renderChart(options, place.label, style);
}

function numbers(
  shares: readonly ChannelShare[],
  place: Place,
  { from, below, colour }: (typeof NUMBER_COLOURS)[number]
): ReturnType<typeof text> {
  const those = shares.filter((share) => percent(share) >= 100 * from && percent(share) < 100 * below);
  return text(those, {
    x: place.column,
    y: place.row,
    text: (share: ChannelShare) => percent(share).toFixed(0),
    fill: colour,
    pointerEvents: "none",
    fontVariant: "tabular-nums"
  });
}
