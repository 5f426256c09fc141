/** Tables of benchmarks: columns in line, numbers to the right. */

/**
 * Lines of a table with a head; every row has as many cells as the head. Columns that
 * are dashes in all rows are left away.
 */
export function table(
  allHead: readonly string[],
  allRows: readonly string[][],
): string {
  const used = (_: string, i: number) => allRows.some((row) => row[i] !== "-");
  const head = allHead.filter(used);
  const rows = allRows.map((row) => row.filter(used));
  const all = [head, ...rows];
  const widths = head.map((_, i) =>
    Math.max(...all.map((row) => row[i]!.length))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)
    ).join("  ");
  return [
    line(head),
    widths.map((width) => "-".repeat(width)).join("  "),
    ...rows.map(line),
  ].join("\n");
}

/** A number with three digits that mean something, or a dash where there is none. */
export function digits(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "-";
  return value >= 1000
    ? value.toFixed(0)
    : String(Number(value.toPrecision(3)));
}
