/** A line of a graph: values by the start of their period, in order of time. */
export interface TimeSeries {
  /** What a graph's legend says. */
  readonly label: string;
  readonly periodMs: number;
  readonly points: ReadonlyMap<number, number>;
}

/** What an expression can come to. CloudWatch calls them S, TS and TS[]. */
export type Value =
  | { readonly kind: "scalar"; readonly value: number }
  | { readonly kind: "series"; readonly series: TimeSeries }
  | { readonly kind: "array"; readonly items: readonly TimeSeries[] }
  /** A text or a bare word, which only functions take: REPEAT, 'Average'. */
  | { readonly kind: "word"; readonly word: string };

export const scalar = (value: number): Value => ({ kind: "scalar", value });
export const seriesOf = (series: TimeSeries): Value => ({ kind: "series", series });
export const arrayOf = (items: readonly TimeSeries[]): Value => ({ kind: "array", items });

/** The points, without those that are no number: what a division by zero comes to is no datapoint. */
export function withPoints(
  like: TimeSeries,
  points: Iterable<readonly [atMs: number, value: number]>,
): TimeSeries {
  return { ...like, points: new Map([...points].filter(([, value]) => Number.isFinite(value))) };
}

export function mapped(
  series: TimeSeries,
  change: (value: number, atMs: number) => number,
): TimeSeries {
  return withPoints(
    series,
    Array.from(series.points, ([atMs, value]) => [atMs, change(value, atMs)] as const),
  );
}

/** The values of several series at each time at which any of them has one, in order of time. */
export function byTime(all: readonly TimeSeries[]): [atMs: number, values: number[]][] {
  const times = new Map<number, number[]>();
  for (const { points } of all) {
    for (const [atMs, value] of points) {
      const known = times.get(atMs);
      if (known === undefined) times.set(atMs, [value]);
      else known.push(value);
    }
  }
  return [...times].toSorted(([one], [other]) => one - other);
}
