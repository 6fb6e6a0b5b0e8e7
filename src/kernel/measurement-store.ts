import { endOfPrefix, type Key } from "#base/key.ts";
import { integer, tuple } from "#base/tuple.ts";
import type { Snapshot, Store, Transaction } from "#store/store.ts";
import type { MetricName, SeriesFilter, SeriesName, TimeRange } from "./measurements.ts";
import { type Datapoint, decodeDatapoint, encodeDatapoint, merged, minuteMs } from "./datapoint.ts";

/*
 * Where the numbers that services count, and those that users put, are kept (measurements.ts).
 *
 *   kernel, measured  series · period · start   → a datapoint
 *   kernel, metric    series                    → the series' name, and when it last got a point (within a day)
 *   kernel, measuring                           → the flush that was stored last
 *
 * As CloudWatch does: points of a second for three hours, points of a minute for 15 days, then of five minutes until they
 * are 63 days old, then of an hour until they are 455 days old.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
 */
const dayMs = 86_400_000;
const hourMs = 3_600_000;
const ages = [
  { periodMs: 1000, keptMs: 3 * hourMs, nextPeriodMs: minuteMs },
  { periodMs: minuteMs, keptMs: 15 * dayMs, nextPeriodMs: 5 * minuteMs },
  { periodMs: 5 * minuteMs, keptMs: 63 * dayMs, nextPeriodMs: 60 * minuteMs },
  { periodMs: 60 * minuteMs, keptMs: 455 * dayMs, nextPeriodMs: undefined },
] as const;
const pointsPerStep = 500;
/** Of JavaScript's dates. */
const latestMs = 8.64e15;

const pointsPrefix = tuple("kernel", "measured");
const namesPrefix = tuple("kernel", "metric");
const flushKey = tuple("kernel", "measuring");

/** Names a series in keys: account, region, namespace, metric, dimensions in the order of their names, any unit. */
export function seriesKey({ unit, ...metric }: SeriesName): Key {
  return unit === undefined ? metricKey(metric) : metricKey(metric) + tuple(unit);
}

/** What the series of a metric in all units have in common: that without a unit, which sorts first. */
function metricKey({ account, region, namespace, metric, dimensions }: MetricName): Key {
  const named = Object.entries(dimensions).sort(([one], [other]) => (one < other ? -1 : 1));
  return tuple(account, region, namespace, metric, JSON.stringify(named));
}

const periodPrefix = (series: Key, periodMs: number): Key =>
  pointsPrefix + series + integer(periodMs);
const pointKey = (series: Key, periodMs: number, startMs: number): Key =>
  periodPrefix(series, periodMs) + integer(Math.max(0, startMs));

export interface KnownSeries {
  readonly name: SeriesName;
  /** When it last got a point, give or take a day. */
  readonly lastMs: number;
}

/** Points that have ended, of one series. */
export interface EndedPoints {
  readonly series: Key;
  readonly name: SeriesName;
  readonly points: readonly Datapoint[];
}

/** Stores a flush of what services counted. */
export function addFlush(tx: Transaction, ended: readonly EndedPoints[], flush: string): void {
  addPoints(tx, ended);
  tx.put(flushKey, Buffer.from(flush));
}

/** Adds points to what is stored: a minute may come in parts, before and after a restart, or on a clock moved back. */
export function addPoints(tx: Transaction, ended: readonly EndedPoints[]): void {
  for (const { series, name, points } of ended) {
    for (const point of points) addPoint(tx, series, point);
    const last = points.at(-1)?.startMs ?? 0;
    const known = readKnown(tx.get(namesPrefix + series));
    if (known !== undefined && Math.abs(known.lastMs - last) < dayMs) continue;
    tx.put(namesPrefix + series, Buffer.from(JSON.stringify({ name, lastMs: last })));
  }
}

function addPoint(tx: Transaction, series: Key, point: Datapoint): void {
  const { startMs, periodMs } = point;
  const key = pointKey(series, periodMs, startMs);
  const before = tx.get(key);
  const after =
    before === undefined ? point : merged(startMs, periodMs, [decodeDatapoint(before), point]);
  tx.put(key, encodeDatapoint(after));
}

/** The flush whose points are the last in this snapshot. */
export const lastFlush = (snapshot: Snapshot): string | undefined =>
  snapshot.get(flushKey)?.toString();

/** The stored points of a series that begin within the range, in order. */
export function readPoints(snapshot: Snapshot, series: Key, range: TimeRange): Datapoint[] {
  const points: Datapoint[] = [];
  for (const { periodMs } of ages) {
    // A longer period that began before the range reaches into it.
    const startMs = Math.max(0, Math.floor(range.startMs / periodMs) * periodMs);
    const endMs = Math.min(latestMs, Math.max(startMs, Math.ceil(range.endMs)));
    const start = pointKey(series, periodMs, startMs);
    const end = pointKey(series, periodMs, endMs);
    for (const { value } of snapshot.range({ start, end })) points.push(decodeDatapoint(value));
  }
  return points.toSorted((one, other) => one.startMs - other.startMs);
}

/** The units in which a metric has stored points; undefined stands for none. */
export function storedUnits(snapshot: Snapshot, metric: MetricName): (string | undefined)[] {
  const prefix = namesPrefix + metricKey(metric);
  const known = snapshot.range({ start: prefix, end: endOfPrefix(prefix) });
  return Array.from(known, ({ value }) => readKnown(value)!.name.unit);
}

/** The series of a tenant that have points, by name. */
export function* listSeries(snapshot: Snapshot, filter: SeriesFilter): Generator<KnownSeries> {
  const { account, region, namespace, metric } = filter;
  const parts = [account, region, namespace, namespace === undefined ? undefined : metric];
  const prefix = namesPrefix + tuple(...parts.filter((part) => part !== undefined));
  for (const { value } of snapshot.range({ start: prefix, end: endOfPrefix(prefix) })) {
    const known = readKnown(value)!;
    if (metric === undefined || known.name.metric === metric) yield known;
  }
}

function readKnown(bytes: Buffer | undefined): KnownSeries | undefined {
  return bytes && (JSON.parse(bytes.toString()) as KnownSeries);
}

/** Makes old points coarser and forgets the oldest, series by series, in bounded steps; what a crash leaves is next. */
export async function compactMeasurements(store: Store, nowMs: number): Promise<void> {
  const all = await store.read((snapshot) => {
    const range = { start: namesPrefix, end: endOfPrefix(namesPrefix) };
    return Array.from(snapshot.range(range), ({ key }) => key.slice(namesPrefix.length));
  });
  for (const series of all) {
    for (const age of ages) {
      let more = true;
      while (more) more = await store.transact((tx) => compactStep(tx, series, age, nowMs));
    }
    await store.transact((tx) => forgetIfEmpty(tx, series));
  }
}

/** One step; answers whether there may be more that is too old. */
function compactStep(
  tx: Transaction,
  series: Key,
  { periodMs, keptMs, nextPeriodMs }: (typeof ages)[number],
  nowMs: number,
): boolean {
  const start = periodPrefix(series, periodMs);
  const end = pointKey(series, periodMs, nowMs - keptMs);
  if (end <= start) return false;
  const entries = [...tx.range({ start, end, limit: pointsPerStep })];
  const groups = new Map<number, Datapoint[]>();
  for (const { key, value } of entries) {
    tx.delete(key);
    if (nextPeriodMs === undefined) continue;
    const point = decodeDatapoint(value);
    const startMs = Math.floor(point.startMs / nextPeriodMs) * nextPeriodMs;
    groups.set(startMs, [...(groups.get(startMs) ?? []), point]);
  }
  for (const [startMs, points] of groups) {
    addPoint(tx, series, merged(startMs, nextPeriodMs!, points));
  }
  return entries.length === pointsPerStep;
}

function forgetIfEmpty(tx: Transaction, series: Key): void {
  const start = pointsPrefix + series;
  for (const _ of tx.range({ start, end: endOfPrefix(start), limit: 1 })) return;
  tx.delete(namesPrefix + series);
}
