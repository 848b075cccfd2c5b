import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import type { ChannelShare } from "./ChannelShare.js";
import { channelShareChart } from "./channelShareChart.js";

interface Svg {
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Svg>;
  querySelector(selector: string): Svg | null;
  textContent: string;
}

function draw(shares: readonly ChannelShare[], width: number): Svg {
  return (parseHTML(channelShareChart(shares, width)) as unknown as { document: Svg }).document;
}

const shares: ChannelShare[] = [
  { layer: 0, kind: "attn_q", channels: 64, channels8bit: 16 },
  { layer: 0, kind: "ffn_down", channels: 64, channels8bit: 0 },
  { layer: 1, kind: "attn_q", channels: 64, channels8bit: 64 }
];

test("has a cell for each weight, as strong as its share, which says what it stands for", () => {
  const chart = draw(shares, 800);
  const cells = [...chart.querySelectorAll("rect")].filter((cell) => cell.querySelector("title") !== null);
  expect(cells.map((cell) => [cell.getAttribute("fill-opacity"), cell.textContent])).toEqual([
    ["0.25", "layer 0, attn_q: 16 of 64 output channels in 8 bits (25.0 %)"],
    ["0", "layer 0, ffn_down: 0 of 64 output channels in 8 bits (0.0 %)"],
    ["1", "layer 1, attn_q: 64 of 64 output channels in 8 bits (100.0 %)"]
  ]);
  const texts = [...chart.querySelectorAll("text")].map(({ textContent }) => textContent);
  expect(texts).toEqual(expect.arrayContaining(["attn_q", "ffn_down", "0", "1", "25", "100", "layer"]));
});

test("leaves out numbers where cells are too narrow for them", () => {
  const many = Array.from({ length: 80 }, (_, layer) => ({ ...shares[0]!, layer }));
  const texts = [...draw(many, 340).querySelectorAll("text")].map(({ textContent }) => textContent);
  expect(texts).not.toContain("25");
  expect(texts).toContain("attn_q");
  expect(draw(many, 340).querySelector("svg")!.getAttribute("role")).toBe("img");
});

test("a hostile name of a kind stays text", () => {
  const kind = `<img src=x onerror="alert(1)">`;
  const markup = channelShareChart([{ ...shares[0]!, kind }], 800);
  expect(markup).not.toContain("<img");
  expect(markup).toContain("&lt;img src=x");
});

test("of experts it has one column each, and a row a layer", () => {
  const experts = [0, 1].flatMap((layer) =>
    [32, 0, 64].map((channels8bit, expert) => ({ layer, kind: "ffn_up_exps", expert, channels: 64, channels8bit }))
  );
  const chart = draw(experts, 800);
  const cells = [...chart.querySelectorAll("rect")].filter((cell) => cell.querySelector("title") !== null);
  expect(cells).toHaveLength(6);
  expect(cells[3]?.textContent).toBe("layer 1, ffn_up_exps, expert 0: 32 of 64 output channels in 8 bits (50.0 %)");
  const texts = [...chart.querySelectorAll("text")].map(({ textContent }) => textContent);
  expect(texts).toEqual(expect.arrayContaining(["layer 0", "layer 1", "expert", "0", "1", "2", "100"]));
});
