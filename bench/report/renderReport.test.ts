import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { sampleComparison } from "../testing/sampleComparison.js";
import { renderReport } from "./renderReport.js";

interface Page {
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Page>;
  querySelector(selector: string): Page | null;
  textContent: string;
}

const parse = (page: string): Page => (parseHTML(page) as unknown as { document: Page }).document;
const texts = (page: Page, selector: string): string[] =>
  [...page.querySelectorAll(selector)].map(({ textContent }) => textContent.replace(/\s+/g, " ").trim());

test("has every section, each with what it is about", async () => {
  const page = parse(await renderReport(sampleComparison()));
  expect(texts(page, "h1")).toEqual(["demo"]);
  expect(texts(page, "h2")).toEqual([
    ...["Verdict", "Size against quality", "Speed", "8-bit output channels", "All figures", "What was run"]
  ]);
  expect(texts(page, "#verdict tbody th")).toEqual(["MixLLM p0 2.20 MiB", "MixLLM p20 2.68 MiB"]);
  // Every plotted model as a mark with its figures, in the chart for wide windows and in that for narrow ones.
  const marks = texts(page, "#quality path title");
  expect(marks).toHaveLength(2 * 7);
  expect(marks[0]).toBe("MixLLM p0 2.20 MiB, 4.98 bits per weight mean KL divergence 0.003180 ± 0.000032");
  expect(texts(page, "#speed h3")).toEqual([
    "Prompt, 512 tokens tokens per second, more is better",
    "Generation, 64 tokens tokens per second, more is better",
    "Time to the first token seconds, less is better"
  ]);
  expect(texts(page, "#speed title")).toHaveLength(3 * 8);
  expect(texts(page, "#channels h3")).toEqual(["MixLLM p0 0.0 % of all channels", "MixLLM p20 50.0 % of all channels"]);
  expect(texts(page, "#figures tbody th")).toEqual(sampleComparison().models.map(({ name }) => name));
  expect(texts(page, "#provenance pre")).toEqual(["mixllm-bench compare models/demo --text 'my text.txt'"]);
  for (const { sha256 } of sampleComparison().models) expect(texts(page, ".hashes code")).toContain(sha256);
});

test("shows the share of every expert of a mixture", async () => {
  const comparison = sampleComparison();
  const stack = {
    name: "blk.0.ffn_down_exps.weight",
    layer: 0,
    kind: "ffn_down_exps",
    outputChannels: 192,
    inputChannels: 128,
    channels8bit: 48,
    experts: [0, 48, 0]
  };
  const models = comparison.models.map((model) =>
    model.tensors === undefined ? model : { ...model, tensors: [...model.tensors, stack] }
  );
  const page = parse(await renderReport({ ...comparison, models }));
  expect(texts(page, "#channels h4")).toContain("ffn_down_exps by expert");
  expect(texts(page, "#channels title")).toContain(
    "layer 0, ffn_down_exps, expert 1: 48 of 64 output channels in 8 bits (75.0 %)"
  );
});

test("can be read without seeing the charts", async () => {
  const page = parse(await renderReport(sampleComparison()));
  for (const chart of page.querySelectorAll("svg.chart")) {
    expect(chart.getAttribute("role")).toBe("img");
    expect(chart.getAttribute("aria-label")).toMatch(/\w+ \w+/);
  }
  expect(page.querySelector("html")!.getAttribute("lang")).toBe("en");
  expect(texts(page, "#channels details td")).toHaveLength(4 * 7);
});

test("fetches nothing", async () => {
  const page = await renderReport(sampleComparison());
  expect(page.replaceAll("http-equiv", "")).not.toMatch(/https?:|\/\/\w|@import|url\(/);
  for (const element of parse(page).querySelectorAll("[src], [href]")) {
    expect(element.getAttribute("src") ?? element.getAttribute("href")).toMatch(/^data:/);
  }
  expect(page).toContain(`content="default-src &#39;none&#39;;`);
});

test("whatever a file calls itself stays text", async () => {
  const hostile = `</script><script>alert(1)</script><img src=x onerror="alert('2')"> & "q" \${x}`;
  const comparison = sampleComparison();
  comparison.source = hostile.replaceAll("/", "∕");
  comparison.machine.cpu = hostile;
  comparison.command = ["compare", hostile];
  for (const model of comparison.models) {
    Object.assign(model, { name: `${hostile} ${model.name}`, origin: hostile, file: hostile, sha256: hostile });
    for (const figures of model.speed) figures.test = `${hostile} ${figures.test}`;
    if (model.tensors === undefined) continue;
    model.tensors = model.tensors.map((tensor) => ({ ...tensor, kind: `${hostile} ${tensor.kind}` }));
  }
  const markup = await renderReport(comparison);
  const page = parse(markup);
  expect([...page.querySelectorAll("script")]).toHaveLength(1);
  expect([...page.querySelectorAll("img, [onerror]")]).toHaveLength(0);
  expect(markup).not.toContain("<img");
  expect(texts(page, "#figures tbody th")[0]).toBe(`${hostile} F16`);
});

test("copes with a model alone, with no MixLLM model, and with no speed", async () => {
  const comparison = sampleComparison();
  const alone = parse(await renderReport({ ...comparison, models: comparison.models.slice(0, 1) }));
  expect(texts(alone, "h2")).toEqual(["Verdict", "Speed", "All figures", "What was run"]);
  const models = comparison.models
    .filter(({ family }) => family !== "mixllm")
    .map((model) => ({ ...model, speed: [] }));
  const stock = parse(await renderReport({ ...comparison, models }));
  expect(texts(stock, "h2")).toEqual(["Verdict", "Size against quality", "All figures", "What was run"]);
});
