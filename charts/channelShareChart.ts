import { axisX, axisY, cell, text, type PlotOptions } from "@observablehq/plot";
import type { ChannelShare } from "./ChannelShare.js";
import { renderChart } from "./renderChart.js";

/** Room that `100` takes in a cell, in pixels. */
const NUMBER_WIDTH = 26;
/** From which share on a cell is so dark, or on a dark page so bright, that its number needs the other colour. */
const INVERTED_FROM = 0.6;

const percent = ({ channels, channels8bit }: ChannelShare): number => (100 * channels8bit) / channels;

/**
 * Draws the share of 8-bit output channels as a map: layers from left to right, kinds of linear from top to bottom, the
 * stronger the colour the larger the share.
 *
 * @param shares in the order of the file, which decides the order of the kinds
 * @param width in pixels
 * @param style CSS for a picture that stands alone
 */
export function channelShareChart(shares: readonly ChannelShare[], width: number, style?: string): string {
  const kinds = [...new Set(shares.map(({ kind }) => kind))];
  const layers = [...new Set(shares.map(({ layer }) => layer))].sort((a, b) => a - b);
  const marginLeft = 12 + 7 * Math.max(...kinds.map((kind) => kind.length));
  const columnWidth = (width - marginLeft - 8) / layers.length;
  const rowHeight = 26;
  const options: PlotOptions = {
    width,
    height: 40 + rowHeight * kinds.length,
    margin: 0,
    marginTop: 2,
    marginBottom: 38,
    marginLeft,
    marginRight: 8,
    x: { domain: layers, type: "band", padding: columnWidth > 12 ? 0.06 : 0 },
    y: { domain: kinds, type: "band", padding: 0.06 },
    marks: [
      axisX({
        label: "layer",
        labelArrow: "none",
        labelAnchor: "center",
        tickSize: 0,
        ticks: layers.filter((_, i) => i % Math.ceil(24 / columnWidth) === 0),
        labelOffset: 34
      }),
      axisY({ label: null, tickSize: 0 }),
      cell(shares, { x: "layer", y: "kind", fill: "var(--raised)" }),
      cell(shares, {
        x: "layer",
        y: "kind",
        fill: "var(--mixllm)",
        fillOpacity: (share: ChannelShare) => percent(share) / 100,
        title: (share: ChannelShare) =>
          `layer ${share.layer}, ${share.kind}: ${share.channels8bit} of ${share.channels} output channels in 8 bits ` +
          `(${percent(share).toFixed(1)} %)`
      }),
      ...(columnWidth < NUMBER_WIDTH ? [] : [numbers(shares, false), numbers(shares, true)])
    ],
    opacity: { type: "identity" }
  };
  return renderChart(options, "Map of the share of 8-bit output channels by layer and kind of linear", style);
}

function numbers(shares: readonly ChannelShare[], inverted: boolean): ReturnType<typeof text> {
  const those = shares.filter((share) => percent(share) >= 100 * INVERTED_FROM === inverted);
  return text(those, {
    x: "layer",
    y: "kind",
    text: (share: ChannelShare) => percent(share).toFixed(0),
    fill: inverted ? "var(--on-mixllm)" : "var(--ink)",
    pointerEvents: "none",
    fontVariant: "tabular-nums"
  });
}
