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
