import { formatBytes, printable, formatTable } from "../../common/cli/format.js";
import type { ComparedModel, Comparison, UntimedModel } from "./Comparison.js";

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

export const COMPARISON_FORMATS = ["table", "md", "csv", "json", "jsonl"] as const;

/**
 * The comparison as text that ends in a line feed: `table` and `md` hold the main figures, for people; the others hold all
 * of them, in base units (bytes, seconds, shares).
 */
export function formatComparison(comparison: Comparison, format: (typeof COMPARISON_FORMATS)[number]): string {
  const { models } = comparison;
  const forPeople = format === "table" || format === "md";
  const columns = comparisonColumns(models).filter(({ width }) => !forPeople || width !== undefined);
  const titles = columns.map(({ title }) => title);
  switch (format) {
    case "table":
      return formatTable(
        titles,
        models.map((model) => columns.map(({ text }) => printable(text(model))))
      );
    case "md": {
      const rows = [
        titles,
        titles.map((_, i) => (i === 0 ? "---" : "--:")),
        ...models.map((model) => columns.map(({ text }) => printable(text(model)).replaceAll("|", "\\|")))
      ];
      return rows.map((row) => `| ${row.join(" | ")} |\n`).join("");
    }
    case "csv": {
      const rows = [titles, ...models.map((model) => columns.map(({ value }) => String(value(model) ?? "")))];
      return rows.map((row) => `${row.map(quoteCsv).join(",")}\n`).join("");
    }
    case "json":
      return `${JSON.stringify(comparison, undefined, 2)}\n`;
    case "jsonl":
      return models.map((model) => `${JSON.stringify(model)}\n`).join("");
  }
}

function quoteCsv(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table whose rows are printed one by one, when not all of them are known yet; without what is measured at the end. */
export interface LiveTable {
  readonly header: string;
  row(model: UntimedModel): string;
}

/** @param names of all models to come, which decide how wide the first column is */
export function liveTable(names: readonly string[]): LiveTable {
  const columns = comparisonColumns([]).filter(({ width }) => width !== undefined);
  const widths = columns.map(({ width = 0, title }) => Math.max(width, title.length));
  const nameWidth = Math.max(...names.map((name) => name.length), widths[0] ?? 0);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(nameWidth) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd();
  return {
    header: line(columns.map(({ title }) => title)),
    row: (model) => line(columns.map(({ text }) => text({ ...model, speed: [] })))
  };
}
