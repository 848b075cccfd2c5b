import { expect, test } from "vitest";
import { sampleComparison } from "../testing/sampleComparison.js";
import type { ComparedModel, Comparison } from "./Comparison.js";
import { formatComparison, liveTable } from "./formatComparison.js";

const footprint = { loadSeconds: 0.5, firstTokenSeconds: 1.25, peakMemoryBytes: 3 * 2 ** 20, videoMemoryBytes: null };
const f16: ComparedModel = {
  name: "F16",
  family: "unquantized",
  origin: "as it was given",
  file: "f16.gguf",
  sha256: "aa",
  fileBytes: 2 ** 21,
  bitsPerWeight: 16.01,
  quality: { model: "f16.gguf", perplexity: 18.45458, perplexityError: 0.44835, chunks: 40, context: 512 },
  footprint,
  speed: [
    {
      model: "f16.gguf",
      type: "F16",
      test: "pp512",
      threads: 2,
      gpuLayers: 0,
      tokensPerSecond: { median: 100, mean: 101.5, sd: 2.25 }
    }
  ]
};
const q4: ComparedModel = {
  ...f16,
  name: 'Q4, "mine"',
  family: "stock",
  fileBytes: 2 ** 19,
  bitsPerWeight: 4.5,
  quality: {
    ...f16.quality,
    comparison: {
      reference: "f16.gguf",
      kld: { mean: 0.00123, meanError: 0.00004, median: 0.001, p99: 0.02, max: 0.5 },
      top1Agreement: 0.96,
      top1AgreementError: 0.002,
      deltaPRms: 0.0123,
      deltaPRmsError: 0.0002
    }
  }
};
const comparison: Comparison = {
  version: 1,
  date: "2026-01-02T03:04:05.678Z",
  source: "f16.gguf",
  sourceSha256: "aa",
  text: { file: "text.txt", sha256: "bb" },
  settings: { threads: 2, repeat: 5 },
  machine: { cpu: "a CPU", cores: 2, memoryBytes: 1, system: "Linux" },
  versions: { mixllm: "0", nodeLlamaCpp: "0", llamaCpp: "0", node: "0", runtime: "0" },
  command: ["compare"],
  models: [f16, q4]
};

test("a table for people has the main figures, and leaves what the reference cannot have blank", () => {
  const lines = formatComparison(comparison, "table").split("\n");
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^model +size +bpw +perplexity +mean KLD +same top +pp512 t\/s +first token +peak memory$/);
  expect(lines[1]).toMatch(/^F16 +2\.00 MiB +16\.01 +18\.4546 ± 0\.4484 +101\.5 ± 2\.3 +1\.25 s +3\.00 MiB$/);
  expect(lines[2]).toContain("0.001230 ± 0.000040");
});

test("Markdown has a row of alignment under the titles", () => {
  const lines = formatComparison(comparison, "md").trimEnd().split("\n");
  expect(lines[1]).toMatch(/^\| --- \| --: \| --: /);
  expect(new Set(lines.map((line) => line.split("|").length)).size).toBe(1);
});

test("CSV has base units and quotes what needs it", () => {
  const lines = formatComparison(comparison, "csv").trimEnd().split("\n");
  expect(lines[1]).toBe("F16,2097152,16.01,18.45458,,,,,,,101.5,0.5,1.25,3145728");
  expect(lines[2]).toBe('"Q4, ""mine""",524288,4.5,18.45458,0.00123,0.001,0.02,0.5,0.96,0.0123,101.5,0.5,1.25,3145728');
});

test("JSON holds everything, JSON lines one model each", () => {
  expect(JSON.parse(formatComparison(comparison, "json"))).toEqual(comparison);
  const lines = formatComparison(comparison, "jsonl").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(comparison.models);
});

test.each(["table", "md"] as const)("a name cannot control the terminal in %s", (format) => {
  const forged = { ...comparison, models: [{ ...f16, name: "\u001b[2Jgone" }] };
  const text = formatComparison(forged, format);
  expect(text).toContain("\\x1b[2Jgone");
  expect(text).not.toContain("\u001b");
});

test("rows line up with the header though they are printed one by one", () => {
  const { models } = sampleComparison();
  const table = liveTable(models.map(({ name }) => name));
  const lines = [table.header, ...models.map((model) => table.row(model))];
  expect(lines[0]).toMatch(/^model +size +bpw +perplexity +mean KLD +same top +first token +peak memory$/);
  expect(lines[2]).toMatch(/^MixLLM p0 +2\.20 MiB +4\.98 +18\.4532 ± 0\.4500 +0\.003180 ± 0\.000032 +97\.00 % /);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});
