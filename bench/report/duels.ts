import type { ComparedModel, Comparison } from "../compare/Comparison.js";
import { paretoFront } from "./paretoFront.js";

/** How a contender's figure stands to its rival's. */
export interface Outcome {
  /** Its figure over the rival's. */
  readonly ratio: number;
  /** Whether that is good or bad, or less than what the error of measurement explains. */
  readonly verdict: "better" | "worse" | "even";
}

/** A MixLLM model against the stock one that is nearest in file size. */
export interface Duel {
  readonly model: ComparedModel;
  readonly rival: ComparedModel;
  /** File size; its verdict is that of any difference. */
  readonly size: Outcome;
  readonly kld: Outcome;
  /** Against what stock models have at just its size, by interpolation; undefined where none is smaller, or none larger. */
  readonly kldAtSize: Outcome | undefined;
  /** One entry for each speed test that both ran. */
  readonly speed: readonly { readonly test: string; readonly outcome: Outcome }[];
}

/** A difference of fewer standard errors may be chance. */
const CERTAIN_ERRORS = 2;

/** A figure with its standard error. */
export interface Measured {
  readonly mean: number;
  readonly error: number;
}

/**
 * Sets a figure against its rival's. The errors are taken as independent, which for figures of the same tokens is on the
 * careful side.
 *
 * @param better which of the two is good
 */
function judge(own: Measured, rival: Measured, better: "more" | "less"): Outcome {
  const ratio = own.mean / rival.mean;
  const certain = Math.abs(own.mean - rival.mean) > CERTAIN_ERRORS * Math.hypot(own.error, rival.error);
  if (!certain) return { ratio, verdict: "even" };
  return { ratio, verdict: ratio > 1 === (better === "more") ? "better" : "worse" };
}

/** Sets every MixLLM model against stock ones; none where there are no stock ones, or nothing to measure divergence by. */
export function duels({ models, settings }: Comparison): Duel[] {
  const stock = models.filter((model) => model.family === "stock" && kldOf(model) !== undefined);
  return models.flatMap((model) => {
    const kld = kldOf(model);
    const rival = nearestInSize(model, stock);
    if (model.family !== "mixllm" || kld === undefined || rival === undefined) return [];
    const expected = stockDivergenceAt(model.fileBytes, stock);
    return [
      {
        model,
        rival,
        size: judge({ mean: model.fileBytes, error: 0 }, { mean: rival.fileBytes, error: 0 }, "less"),
        kld: judge(kld, kldOf(rival)!, "less"),
        kldAtSize: expected && judge(kld, expected, "less"),
        speed: speedOutcomes(model, rival, settings.repeat)
      }
    ];
  });
}

function kldOf({ quality }: ComparedModel): Measured | undefined {
  const kld = quality.comparison?.kld;
  return kld === undefined || kld.mean <= 0 ? undefined : { mean: kld.mean, error: kld.meanError };
}

function nearestInSize(model: ComparedModel, others: readonly ComparedModel[]): ComparedModel | undefined {
  const distance = ({ fileBytes }: ComparedModel): number => Math.abs(fileBytes - model.fileBytes);
  return others.toSorted((a, b) => distance(a) - distance(b))[0];
}

/**
 * The divergence stock models have at a file size, on the straight line, with a logarithmic scale of divergence, between
 * the two of their Pareto front that are nearest to it on either side.
 */
function stockDivergenceAt(fileBytes: number, stock: readonly ComparedModel[]): Measured | undefined {
  const front = paretoFront(
    stock.map((model) => ({ fileBytes: model.fileBytes, kld: kldOf(model)!.mean, measured: kldOf(model)! }))
  );
  const next = front.findIndex((trade) => trade.fileBytes >= fileBytes);
  const above = front[next];
  const below = above?.fileBytes === fileBytes ? above : front[next - 1];
  if (above === undefined || below === undefined) return undefined;
  const share = above === below ? 0 : (fileBytes - below.fileBytes) / (above.fileBytes - below.fileBytes);
  const mean = Math.exp((1 - share) * Math.log(below.kld) + share * Math.log(above.kld));
  const relativeError = Math.max(...[below, above].map(({ measured }) => measured.error / measured.mean));
  return { mean, error: mean * relativeError };
}

function speedOutcomes(
  model: ComparedModel,
  rival: ComparedModel,
  repeat: number
): { test: string; outcome: Outcome }[] {
  return model.speed.flatMap(({ test, tokensPerSecond }) => {
    const other = rival.speed.find((figures) => figures.test === test)?.tokensPerSecond;
    if (other === undefined) return [];
    const measured = ({ mean, sd }: { mean: number; sd: number }): Measured => ({
      mean,
      error: sd / Math.sqrt(repeat)
    });
    return [{ test, outcome: judge(measured(tokensPerSecond), measured(other), "more") }];
  });
}
