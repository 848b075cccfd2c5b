/**
 * Lines up rows in columns two spaces apart.
 *
 * @param rows the head first
 * @param numeric columns, by index, that are aligned to the right
 */
export function formatTable(rows: readonly (readonly string[])[], numeric: ReadonlySet<number>): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (numeric.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join("  ")
        .trimEnd()
    )
    .join("\n");
}
