import { printable, formatTable } from "../../common/cli/format.js";
import type { Comparison } from "./Comparison.js";
import { comparisonColumns } from "./comparisonColumns.js";

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
