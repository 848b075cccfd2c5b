import type { QualityFigures } from "./QualityFigures.js";

/** The figures as a small aligned table, with the digits llama.cpp's perplexity tool prints. */
export function formatQuality(figures: QualityFigures): string {
  const { comparison } = figures;
  const rows: [name: string, value: string, error: string][] = [
    ["perplexity", figures.perplexity.toFixed(4), `± ${figures.perplexityError.toFixed(5)}`]
  ];
  if (comparison !== undefined) {
    const { kld } = comparison;
    rows.push(
      ["KL divergence, mean", kld.mean.toFixed(6), `± ${kld.meanError.toFixed(6)}`],
      ["               median", kld.median.toFixed(6), ""],
      ["               99 %", kld.p99.toFixed(6), ""],
      ["               max", kld.max.toFixed(6), ""],
      ["same top token", percent(comparison.top1Agreement), `± ${percent(comparison.top1AgreementError)}`],
      ["Δp RMS", percent(comparison.deltaPRms), `± ${percent(comparison.deltaPRmsError)}`]
    );
  }
  const nameWidth = Math.max(...rows.map(([name]) => name.length));
  const valueWidth = Math.max(...rows.map(([, value]) => value.length));
  const against = comparison === undefined ? "" : ` against ${comparison.reference}`;
  return [
    `${figures.model}${against}`,
    `${figures.chunks} ${figures.chunks === 1 ? "chunk" : "chunks"} of ${figures.context} tokens`,
    "",
    ...rows.map(([name, value, error]) =>
      `${name.padEnd(nameWidth)}  ${value.padStart(valueWidth)}  ${error}`.trimEnd()
    )
  ].join("\n");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(3)} %`;
}

/** What `mixllm-bench quality --json` prints; the last three only with a reference. */
export interface QualityJson {
  model: string;
  perplexity: number;
  perplexityError: number;
  chunks: number;
  context: number;
  kld?: { mean: number; median: number; p99: number; max: number };
  top1Agreement?: number;
  deltaPRms?: number;
}

export function qualityJson(figures: QualityFigures): QualityJson {
  const { model, perplexity, perplexityError, chunks, context, comparison } = figures;
  const json = { model, perplexity, perplexityError, chunks, context };
  if (comparison === undefined) return json;
  const { mean, median, p99, max } = comparison.kld;
  return {
    ...json,
    kld: { mean, median, p99, max },
    top1Agreement: comparison.top1Agreement,
    deltaPRms: comparison.deltaPRms
  };
}
