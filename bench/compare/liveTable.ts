import { comparisonColumns } from "./comparisonColumns.js";
import type { UntimedModel } from "./UntimedModel.js";

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
