import type { TokenScores } from "../BenchAddon.js";
import { meanAndError, percentile } from "../statistics.js";

/** How well a model predicts a text, and how far it is from its reference. */
export interface QualityFigures {
  model: string;
  perplexity: number;
  /** Standard error of the perplexity. */
  perplexityError: number;
  chunks: number;
  /** Tokens a chunk. */
  context: number;
  /** Only with a reference. */
  comparison?: {
    reference: string;
    /** KL(reference || model) of each token, in nats. */
    kld: { mean: number; meanError: number; median: number; p99: number; max: number };
    /** Share of tokens for which both put the same token first, 0 to 1. */
    top1Agreement: number;
    top1AgreementError: number;
    /** Root mean square of the change in the right token's probability, 0 to 1. */
    deltaPRms: number;
    deltaPRmsError: number;
  };
}

/**
 * Turns the scores of single tokens into the figures of a model, as llama.cpp's perplexity tool does: the error of a
 * mean is its standard error, and it carries over to functions of the mean to first order.
 *
 * @param scores of at least two tokens
 */
export function summarizeScores(scores: TokenScores): Pick<QualityFigures, "perplexity" | "perplexityError"> & {
  comparison?: Omit<NonNullable<QualityFigures["comparison"]>, "reference">;
} {
  const loss = meanAndError(scores.negativeLogLikelihood);
  const perplexity = Math.exp(loss.mean);
  const figures = { perplexity, perplexityError: perplexity * loss.error };
  if (scores.comparison === undefined) return figures;

  const { klDivergence, probabilityChange, sameTop } = scores.comparison;
  const divergence = meanAndError(klDivergence);
  const sorted = klDivergence.toSorted();
  const agreement = meanAndError(sameTop);
  const squaredChange = meanAndError(probabilityChange.map((change) => change * change));
  const deltaPRms = Math.sqrt(squaredChange.mean);
  return {
    ...figures,
    comparison: {
      kld: {
        mean: divergence.mean,
        meanError: divergence.error,
        median: percentile(sorted, 0.5),
        p99: percentile(sorted, 0.99),
        max: percentile(sorted, 1)
      },
      top1Agreement: agreement.mean,
      top1AgreementError: agreement.error,
      deltaPRms,
      deltaPRmsError: deltaPRms === 0 ? 0 : (0.5 * squaredChange.error) / deltaPRms
    }
  };
}
