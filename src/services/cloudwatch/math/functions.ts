import { MathProblem } from "./parse.ts";
import {
  arrayOf,
  byTime,
  mapped,
  scalar,
  seriesOf,
  type TimeSeries,
  type Value,
  withPoints,
} from "./values.ts";

/** The periods of the request: where a series has no value, FILL gives it one. */
export interface Times {
  readonly startMs: number;
  readonly endMs: number;
  readonly periodMs: number;
}

export type MathFunction = (args: readonly Value[], times: Times) => Value;

/** What AWS has and we have not: models of what is normal, and what other services are asked for. */
const missing = new Set([
  "ANOMALY_DETECTION_BAND",
  "DB_PERF_INSIGHTS",
  "INSIGHT_RULE_METRIC",
  "LAMBDA",
  "SERVICE_QUOTA",
]);

/** A function of metric math that is not built. */
export class MathNotImplemented extends Error {
  override name = "MathNotImplemented";
}

export function functionNamed(name: string): MathFunction {
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (found !== undefined) return found;
  if (missing.has(name)) throw new MathNotImplemented(`Metric math ${name} is not implemented yet`);
  throw new MathProblem(`Unknown function '${name}'`);
}

/** Each value by itself. */
function eachValue(change: (value: number) => number): MathFunction {
  return ([value, ...more]) => {
    if (more.length > 0) throw new MathProblem("One argument is needed");
    if (value?.kind === "scalar") return scalar(change(value.value));
    return eachSeries(value, (series) => mapped(series, change));
  };
}

/** Each series by itself. */
function eachSeries(value: Value | undefined, change: (series: TimeSeries) => TimeSeries): Value {
  if (value?.kind === "series") return seriesOf(change(value.series));
  if (value?.kind === "array") return arrayOf(value.items.map(change));
  throw new MathProblem("A time series is needed");
}

/** Of a series one number; of several the series of what they come to at each time. */
function aggregated(of: (values: readonly number[]) => number): MathFunction {
  return ([value, ...more]) => {
    if (more.length > 0) throw new MathProblem("One argument is needed");
    if (value?.kind === "scalar") return scalar(of([value.value]));
    if (value?.kind === "series") {
      const values = [...value.series.points.values()];
      return scalar(values.length === 0 ? Number.NaN : of(values));
    }
    if (value?.kind !== "array") throw new MathProblem("Time series are needed");
    return seriesOf(
      withPoints(
        like(value.items),
        byTime(value.items).map(([atMs, values]) => [atMs, of(values)] as const),
      ),
    );
  };
}

function like(items: readonly TimeSeries[]): TimeSeries {
  const periodMs = Math.max(60_000, ...items.map((item) => item.periodMs));
  return { label: items[0]?.label ?? "", periodMs, points: new Map() };
}

const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);
const average = (values: readonly number[]): number => sum(values) / values.length;
const least = (values: readonly number[]): number =>
  values.reduce((one, other) => Math.min(one, other));
const most = (values: readonly number[]): number =>
  values.reduce((one, other) => Math.max(one, other));

function deviation(values: readonly number[]): number {
  const middle = average(values);
  return Math.sqrt(average(values.map((value) => (value - middle) ** 2)));
}

/** From each value and the one before it, with the seconds between them. */
function eachStep(of: (before: number, value: number, seconds: number) => number): MathFunction {
  return ([value]) =>
    eachSeries(value, (series) => {
      const entries = [...series.points];
      const steps = entries.slice(1).map(([atMs, now], index) => {
        const [beforeMs, before] = entries[index]!;
        return [atMs, of(before, now, (atMs - beforeMs) / 1000)] as const;
      });
      return withPoints(series, steps);
    });
}

const ofTime = (of: (at: Date) => number): MathFunction => {
  return ([value]) =>
    eachSeries(value, (series) => mapped(series, (_, atMs) => of(new Date(atMs))));
};

/** The times of a series' periods in the request. */
function* timesOf(series: TimeSeries, { startMs, endMs }: Times): Generator<number> {
  const [first = startMs] = series.points.keys();
  const { periodMs } = series;
  const begin = first - Math.floor((first - startMs) / periodMs) * periodMs;
  for (let atMs = begin; atMs < endMs; atMs += periodMs) yield atMs;
}

function filled(series: TimeSeries, filling: Value, times: Times): TimeSeries {
  const known = [...series.points];
  const points: [number, number][] = [];
  let next = 0;
  for (const atMs of timesOf(series, times)) {
    while (next < known.length && known[next]![0] < atMs) next += 1;
    const value = series.points.get(atMs) ?? fillingAt(filling, known[next - 1], known[next], atMs);
    if (value !== undefined) points.push([atMs, value]);
  }
  return withPoints(series, points);
}

type Point = readonly [atMs: number, value: number];

function fillingAt(
  filling: Value,
  before: Point | undefined,
  after: Point | undefined,
  atMs: number,
): number | undefined {
  if (filling.kind === "scalar") return filling.value;
  if (filling.kind === "series") return filling.series.points.get(atMs);
  if (filling.kind === "word" && filling.word === "REPEAT") return before?.[1];
  if (filling.kind === "word" && filling.word === "LINEAR") {
    if (before === undefined || after === undefined) return undefined;
    const share = (atMs - before[0]) / (after[0] - before[0]);
    return before[1] + share * (after[1] - before[1]);
  }
  throw new MathProblem("FILL needs a number, a time series, REPEAT or LINEAR");
}

const everywhere = (value: number, { startMs, endMs, periodMs }: Times): TimeSeries => {
  const empty: TimeSeries = { label: "", periodMs, points: new Map() };
  const times = { startMs, endMs, periodMs };
  return withPoints(
    empty,
    Array.from(timesOf(empty, times), (atMs) => [atMs, value] as const),
  );
};

/** The value where the condition holds, the other where it does not; without another there is no datapoint. */
const chosen: MathFunction = (args, times) => {
  const [condition, yes, no] = args;
  if (condition === undefined || yes === undefined || args.length > 3) {
    throw new MathProblem("IF takes a condition and one or two values");
  }
  if (condition.kind === "array") {
    return arrayOf(
      condition.items.map((item) => {
        const result = chosen([seriesOf(item), ...args.slice(1)], times);
        if (result.kind !== "series") throw new MathProblem("IF needs time series");
        return result.series;
      }),
    );
  }
  if (condition.kind === "scalar") {
    const value = condition.value === 0 ? no : yes;
    return value ?? seriesOf({ label: "", periodMs: times.periodMs, points: new Map() });
  }
  if (condition.kind === "word") throw new MathProblem("IF needs a condition");
  const at = (value: Value | undefined, atMs: number): number => {
    if (value === undefined) return Number.NaN;
    if (value.kind === "scalar") return value.value;
    if (value.kind === "series") return value.series.points.get(atMs) ?? Number.NaN;
    throw new MathProblem("IF takes numbers and time series");
  };
  return seriesOf(mapped(condition.series, (holds, atMs) => at(holds === 0 ? no : yes, atMs)));
};

function itemsOf(value: Value | undefined): readonly TimeSeries[] {
  if (value?.kind === "array") return value.items;
  if (value?.kind === "series") return [value.series];
  throw new MathProblem("Time series are needed");
}

function numberOf(value: Value | undefined, name: string): number {
  if (value?.kind === "scalar") return value.value;
  throw new MathProblem(`${name} needs a number`);
}

const orders: Readonly<Record<string, (values: readonly number[]) => number>> = {
  AVG: average,
  MIN: least,
  MAX: most,
  SUM: sum,
};

const sorted: MathFunction = ([items, by, direction, count]) => {
  const all = itemsOf(items).filter(({ points }) => points.size > 0);
  const order = by?.kind === "word" && Object.hasOwn(orders, by.word) ? orders[by.word] : undefined;
  if (order === undefined || direction?.kind !== "word") {
    throw new MathProblem("SORT needs AVG, MIN, MAX or SUM, and ASC or DESC");
  }
  const weights = new Map(all.map((series) => [series, order([...series.points.values()])]));
  const sign = direction.word === "DESC" ? -1 : 1;
  const result = all.toSorted((one, other) => sign * (weights.get(one)! - weights.get(other)!));
  return arrayOf(count === undefined ? result : result.slice(0, numberOf(count, "SORT")));
};

const functions: Readonly<Record<string, MathFunction>> = {
  ABS: eachValue(Math.abs),
  CEIL: eachValue(Math.ceil),
  FLOOR: eachValue(Math.floor),
  LOG: eachValue(Math.log),
  LOG10: eachValue(Math.log10),
  AVG: aggregated(average),
  MAX: aggregated(most),
  MIN: aggregated(least),
  SUM: aggregated(sum),
  STDDEV: aggregated(deviation),
  DATAPOINT_COUNT: aggregated((values) => values.length),
  METRIC_COUNT: ([items]) => scalar(itemsOf(items).length),
  DIFF: eachStep((before, value) => value - before),
  DIFF_TIME: eachStep((_before, _value, seconds) => seconds),
  RATE: eachStep((before, value, seconds) => (value - before) / seconds),
  RUNNING_SUM: ([value]) =>
    eachSeries(value, (series) => {
      let total = 0;
      return mapped(series, (one) => (total += one));
    }),
  FILL: ([value, filling], times) => {
    if (filling === undefined) throw new MathProblem("FILL needs two arguments");
    return eachSeries(value, (series) => filled(series, filling, times));
  },
  FIRST: ([items]) => firstOf(itemsOf(items)[0]),
  LAST: ([items]) => firstOf(itemsOf(items).at(-1)),
  IF: chosen,
  PERIOD: ([value]) => scalar((itemsOf(value)[0]?.periodMs ?? 0) / 1000),
  TIME_SERIES: ([value], times) => seriesOf(everywhere(numberOf(value, "TIME_SERIES"), times)),
  REMOVE_EMPTY: ([items]) => arrayOf(itemsOf(items).filter(({ points }) => points.size > 0)),
  SLICE: ([items, start, end]) => {
    const from = numberOf(start, "SLICE");
    const to = end === undefined ? undefined : numberOf(end, "SLICE");
    return arrayOf(itemsOf(items).slice(from, to));
  },
  SORT: sorted,
  EPOCH: ofTime((at) => at.getTime() / 1000),
  MINUTE: ofTime((at) => at.getUTCMinutes()),
  HOUR: ofTime((at) => at.getUTCHours()),
  // Monday is 1.
  DAY: ofTime((at) => at.getUTCDay() || 7),
  DATE: ofTime((at) => at.getUTCDate()),
  MONTH: ofTime((at) => at.getUTCMonth() + 1),
  YEAR: ofTime((at) => at.getUTCFullYear()),
};

function firstOf(series: TimeSeries | undefined): Value {
  if (series === undefined) throw new MathProblem("There is no time series");
  return seriesOf(series);
}
