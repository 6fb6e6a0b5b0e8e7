/** The middle value; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number | undefined {
  const sorted = Float64Array.from(values).sort();
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

/** The median of what is known; undefined if nothing is. */
export function medianOf<Row>(
  rows: readonly Row[],
  value: (row: Row) => number | undefined,
): number | undefined {
  return median(rows.map(value).filter((known) => known !== undefined));
}

export function ratio(above: number | undefined, below: number | undefined): number | undefined {
  return above === undefined || below === undefined || below === 0 ? undefined : above / below;
}
