import type { ComparedModel, Comparison } from "../compare/Comparison.js";
import type { Duel } from "./Duel.js";
import { judge, type Measured } from "./judge.js";
import type { Outcome } from "./Outcome.js";
import { paretoFront } from "./paretoFront.js";

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
