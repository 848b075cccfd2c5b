import type { QualityFigures } from "./QualityFigures.js";

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
