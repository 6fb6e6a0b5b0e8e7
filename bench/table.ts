/** Lines of text with the columns aligned: the first to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Three significant figures, or none for thousands; "–" for what is not known. */
export function formatNumber(value: number | undefined, unit = ""): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  if (value >= 100) return `${Math.round(value)}${unit}`;
  return `${Number(value.toPrecision(3))}${unit}`;
}

export function formatMegabytes(bytes: number | undefined): string {
  return bytes === undefined ? "–" : formatNumber(bytes / 1e6);
}
