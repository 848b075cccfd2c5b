/**
 * Lays out rows of text in columns two blanks apart; columns of text are left-aligned, the others, which hold numbers,
 * right-aligned.
 *
 * @param textColumns numbers of the columns of text; the first unless given
 * @returns lines, each ending in a line feed
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  textColumns: readonly number[] = [0]
): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    textColumns.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return [header, ...rows].map((row) => `${row.map(pad).join("  ").trimEnd()}\n`).join("");
}
