import { formatBytes } from "../../common/cli/format.js";
import type { ComparedModel } from "./Comparison.js";

/** One column of a comparison's tables. */
export interface ComparisonColumn {
  title: string;
  /** Room to leave for it in tables for people; undefined for what these leave out. */
  width: number | undefined;
  /** For people. */
  text: (model: ComparedModel) => string;
  /** For machines, in base units; undefined where it does not apply. */
  value: (model: ComparedModel) => string | number | undefined;
}

function numeric(
  title: string,
  value: (model: ComparedModel) => number | undefined,
  text: (value: number, model: ComparedModel) => string,
  width?: number
): ComparisonColumn {
  return {
    title,
    width,
    value,
    text: (model) => {
      const found = value(model);
      return found === undefined ? "" : text(found, model);
    }
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const seconds = (value: number): string => `${value.toFixed(2)} s`;

/** The columns that fit these models; the speed tests are those of the first one. */
export function comparisonColumns(models: readonly ComparedModel[]): ComparisonColumn[] {
  return [
    { title: "model", width: 8, value: ({ name }) => name, text: ({ name }) => name },
    numeric("size", ({ fileBytes }) => fileBytes, formatBytes, 8),
    numeric(
      "bpw",
      (model) => model.bitsPerWeight,
      (bits) => bits.toFixed(2),
      5
    ),
    numeric(
      "perplexity",
      ({ quality }) => quality.perplexity,
      (value, { quality }) => `${value.toFixed(4)} ± ${quality.perplexityError.toFixed(4)}`,
      17
    ),
    numeric(
      "mean KLD",
      ({ quality }) => quality.comparison?.kld.mean,
      (value, { quality }) => `${value.toFixed(6)} ± ${quality.comparison!.kld.meanError.toFixed(6)}`,
      19
    ),
    numeric(
      "median KLD",
      ({ quality }) => quality.comparison?.kld.median,
      (value) => value.toFixed(6)
    ),
    numeric(
      "99 % KLD",
      ({ quality }) => quality.comparison?.kld.p99,
      (value) => value.toFixed(6)
    ),
    numeric(
      "max KLD",
      ({ quality }) => quality.comparison?.kld.max,
      (value) => value.toFixed(4)
    ),
    numeric("same top", ({ quality }) => quality.comparison?.top1Agreement, percent, 8),
    numeric("Δp RMS", ({ quality }) => quality.comparison?.deltaPRms, percent),
    ...(models[0]?.speed ?? []).map(({ test }, i) =>
      numeric(
        `${test} t/s`,
        ({ speed }) => speed[i]?.tokensPerSecond.mean,
        (value, { speed }) => `${value.toFixed(1)} ± ${speed[i]!.tokensPerSecond.sd.toFixed(1)}`,
        14
      )
    ),
    numeric("load", ({ footprint }) => footprint.loadSeconds, seconds),
    numeric("first token", ({ footprint }) => footprint.firstTokenSeconds, seconds, 11),
    numeric("peak memory", ({ footprint }) => footprint.peakMemoryBytes, formatBytes, 11),
    ...(models.some(({ footprint }) => footprint.videoMemoryBytes !== null)
      ? [numeric("video memory", ({ footprint }) => footprint.videoMemoryBytes ?? undefined, formatBytes)]
      : [])
  ];
}
