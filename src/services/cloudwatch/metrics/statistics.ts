import { bucketValue, type Datapoint, percentile } from "#kernel/datapoint.ts";

/** One number that is asked of the values of a period; undefined where there is none. */
export type Statistic = (point: Datapoint) => number | undefined;

const simple: Readonly<Record<string, Statistic>> = {
  SampleCount: (point) => point.count,
  Sum: (point) => point.sum,
  Average: (point) => point.sum / point.count,
  Minimum: (point) => point.minimum,
  Maximum: (point) => point.maximum,
  IQM: (point) => mean(within(point, { from: percentileBound(25), to: percentileBound(75) })),
};

/**
 * The statistic of such a name; undefined if CloudWatch has none. Source: Amazon CloudWatch User Guide, "CloudWatch
 * statistics definitions".
 */
export function statisticNamed(name: string): Statistic | undefined {
  const plain = Object.hasOwn(simple, name) ? simple[name] : undefined;
  if (plain !== undefined) return plain;
  const short = /^(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)$/.exec(name);
  if (short !== null) {
    const percentage = Number(short[2]);
    if (percentage > 100) return undefined;
    if (short[1] === "p") {
      return (point) => (hasDistribution(point) ? percentile(point, percentage) : undefined);
    }
    return overRange(short[1]!.toUpperCase(), { from: undefined, to: percentileBound(percentage) });
  }
  const long = /^(PR|TM|WM|TC|TS)\(([-\d.]*%?):([-\d.]*%?)\)$/.exec(name);
  if (long === null) return undefined;
  const [from, to] = [bound(long[2]!), bound(long[3]!)];
  if (from === "wrong" || to === "wrong" || (from === undefined && to === undefined)) {
    return undefined;
  }
  if (from !== undefined && to !== undefined && from.isPercentage !== to.isPercentage) {
    return undefined;
  }
  if (long[1] === "PR" && (from ?? to)!.isPercentage) return undefined;
  return overRange(long[1]!, { from, to });
}

interface Bound {
  readonly value: number;
  readonly isPercentage: boolean;
}

interface Range {
  readonly from: Bound | undefined;
  readonly to: Bound | undefined;
}

const percentileBound = (value: number): Bound => ({ value, isPercentage: true });

function bound(text: string): Bound | undefined | "wrong" {
  if (text === "") return undefined;
  const isPercentage = text.endsWith("%");
  const value = Number(isPercentage ? text.slice(0, -1) : text);
  if (Number.isNaN(value) || (isPercentage && (value < 0 || value > 100))) return "wrong";
  return { value, isPercentage };
}

function overRange(kind: string, range: Range): Statistic {
  switch (kind) {
    case "TM":
      return (point) => mean(within(point, range));
    case "WM":
      return (point) => mean(clamped(point, range));
    case "TC":
      return (point) => total(within(point, range), () => 1);
    case "TS":
      return (point) => total(within(point, range), (value) => value);
    default:
      return (point) => {
        const inside = total(within(point, range), () => 1);
        return inside === undefined ? undefined : (inside / point.count) * 100;
      };
  }
}

/** A value and how often it came. */
type Share = readonly [value: number, count: number];

/**
 * Whether it is known how the values are distributed: of statistic sets it is not, and of negative values CloudWatch has
 * no percentiles. Source: Amazon CloudWatch User Guide, "Percentiles".
 */
function hasDistribution(point: Datapoint): boolean {
  let known = 0;
  for (const count of point.histogram.values()) known += count;
  return point.count > 0 && point.minimum >= 0 && Math.abs(known - point.count) < 1e-6 * known;
}

function sharesOf(point: Datapoint): Share[] | undefined {
  if (!hasDistribution(point)) return undefined;
  return [...point.histogram]
    .toSorted(([one], [other]) => one - other)
    .map(([bucket, count]) => [
      Math.min(point.maximum, Math.max(point.minimum, bucketValue(bucket))),
      count,
    ]);
}

/** The values inside of the range: by rank where it is one of percentages, else by value. */
function within(point: Datapoint, { from, to }: Range): Share[] | undefined {
  const shares = sharesOf(point);
  if (shares === undefined) return undefined;
  if (!(from ?? to)!.isPercentage) {
    const [least, most] = [from?.value ?? -Infinity, to?.value ?? Infinity];
    return shares.filter(([value]) => value > least && value <= most);
  }
  const firstRank = ((from?.value ?? 0) / 100) * point.count;
  const lastRank = ((to?.value ?? 100) / 100) * point.count;
  let rank = 0;
  return shares.map(([value, count]): Share => {
    const [start, end] = [rank, (rank += count)];
    return [value, Math.max(0, Math.min(end, lastRank) - Math.max(start, firstRank))];
  });
}

/** All values, those outside of the range moved to its ends. */
function clamped(point: Datapoint, { from, to }: Range): Share[] | undefined {
  const shares = sharesOf(point);
  if (shares === undefined) return undefined;
  const end = (one: Bound | undefined, otherwise: number): number =>
    one === undefined ? otherwise : one.isPercentage ? percentile(point, one.value)! : one.value;
  const [least, most] = [end(from, -Infinity), end(to, Infinity)];
  return shares.map(([value, count]) => [Math.min(most, Math.max(least, value)), count]);
}

function total(shares: Share[] | undefined, of: (value: number) => number): number | undefined {
  return shares?.reduce((sum, [value, count]) => sum + of(value) * count, 0);
}

function mean(shares: Share[] | undefined): number | undefined {
  const count = total(shares, () => 1);
  return count === undefined || count === 0 ? undefined : total(shares, (value) => value)! / count;
}
