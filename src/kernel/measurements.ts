import type { Key } from "#base/key.ts";
import type { Snapshot, Store, Transaction } from "#store/store.ts";
import type { Cancel, World } from "#world/world.ts";
import type { Tenant } from "./context.ts";
import { bucketOf, type Datapoint, minuteMs, newDatapoint } from "./datapoint.ts";
import type { Log } from "./log.ts";
import {
  addFlush,
  addPoints,
  type EndedPoints,
  type KnownSeries,
  lastFlush,
  listSeries,
  readPoints,
  seriesKey,
  storedUnits,
} from "./measurement-store.ts";

/** One metric of one tenant, as CloudWatch names it: `AWS/DynamoDB`, `ConsumedReadCapacityUnits`, `TableName=Music`. */
export interface MetricName extends Tenant {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** What users put has units, and a series for each of them; what services count has its unit by definition. */
export interface SeriesName extends MetricName {
  readonly unit?: string | undefined;
}

/** Points of a metric that were not counted here but come from outside. */
export interface PutPoints {
  readonly name: SeriesName;
  /** Of a second or a minute each, and in order. */
  readonly points: readonly Datapoint[];
}

export interface UnitPoints {
  readonly unit: string | undefined;
  readonly points: readonly Datapoint[];
}

/** Where a service counts: cheap enough for each request. Keep the object as long as its resource is in use. */
export interface Series {
  readonly name: SeriesName;
  /** Adds one value to the running minute of the wall clock. `nowMs`: what that shows, for whoever knows it. */
  add(value: number, nowMs?: number): void;
}

/** Milliseconds since 1970: `startMs <= at < endMs`. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

export interface SeriesFilter extends Tenant {
  readonly namespace?: string | undefined;
  readonly metric?: string | undefined;
}

export interface MeasurementsOptions {
  readonly world: Pick<World, "clock" | "random">;
  readonly store: Store;
  readonly log: Log;
  /** Called in the transaction that stores the first points: they will have to be compacted. */
  readonly onFirst: (tx: Transaction) => void;
}

/** Bounds of one transaction. */
const pointsPerCommit = 2_000;
const seriesPerCommit = 1_000;

/**
 * The numbers that services count over time. CloudWatch, autoscaling and the bill read the same ones.
 *
 * M1. A minute is stored soon after it has ended by the wall clock, also when that jumps: one commit for all series that
 *     have something new, several where there are many. A kill loses what the running minute had, and no more.
 * M2. Readers see what is stored and what is not yet, the running minute included, each value once.
 * M3. A series that gets no values costs nothing: neither memory, nor a timer, nor a write.
 */
export class Measurements {
  readonly #options: MeasurementsOptions;
  readonly #nowMs: () => number;
  /** Series with points in memory. Of one name there may be two objects, and their points are added up. */
  readonly #open = new Map<Key, Set<CountedSeries>>();
  /** Points on their way to the store, in the order in which they go. What failed to be stored is tried again. */
  #leaving: { readonly flush: string; readonly ended: readonly EndedPoints[] }[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #alarm: Cancel | undefined;
  #stopped = false;

  constructor(options: MeasurementsOptions) {
    this.#options = options;
    this.#nowMs = () => options.world.clock.nowMs();
  }

  series(name: SeriesName): Series {
    const key = seriesKey(name);
    for (const open of this.#open.get(key) ?? []) return open;
    return new CountedSeries(key, name, this.#nowMs, (series) => this.#opened(series));
  }

  /** The points of a series in order; old ones are of longer periods (measurement-store.ts). */
  read(name: SeriesName, range: TimeRange): Promise<Datapoint[]> {
    return this.#options.store.read((snapshot) => this.#read(snapshot, name, range));
  }

  /** The points of a metric, each unit's by themselves. */
  readUnits(metric: MetricName, range: TimeRange): Promise<UnitPoints[]> {
    return this.#options.store.read((snapshot) => {
      const units = new Set([undefined, ...storedUnits(snapshot, metric)]);
      return Array.from(units, (unit) => ({
        unit,
        points: this.#read(snapshot, { ...metric, unit }, range),
      })).filter(({ points }) => points.length > 0);
    });
  }

  #read(snapshot: Snapshot, name: SeriesName, range: TimeRange): Datapoint[] {
    const series = seriesKey(name);
    const points = readPoints(snapshot, series, range);
    const fresh: Datapoint[] = [];
    // M2: between a commit and the moment that it is known here, its points are in both places.
    const stored = this.#leaving.length > 0 ? lastFlush(snapshot) : undefined;
    for (const { flush, ended } of this.#leaving) {
      if (flush === stored) continue;
      for (const one of ended) if (one.series === series) fresh.push(...one.points);
    }
    for (const open of this.#open.get(series) ?? []) fresh.push(...open.points());
    const wanted = fresh.filter(
      (point) => point.startMs >= range.startMs && point.startMs < range.endMs,
    );
    return [...points, ...wanted].toSorted((one, other) => one.startMs - other.startMs);
  }

  /** Stores points with the transaction that brings them: they are not counted in memory first. */
  put(tx: Transaction, series: readonly PutPoints[]): void {
    const ended = series.map(({ name, points }) => ({ series: seriesKey(name), name, points }));
    if (lastFlush(tx) !== undefined) return addPoints(tx, ended);
    this.#options.onFirst(tx);
    addFlush(tx, ended, this.#options.world.random.uuid());
  }

  /** The series that have points, running ones included. */
  async list(filter: SeriesFilter): Promise<SeriesName[]> {
    return (await this.listKnown(filter)).map(({ name }) => name);
  }

  /** The same, with when each last got a point. */
  async listKnown(filter: SeriesFilter): Promise<KnownSeries[]> {
    const found = new Map<Key, KnownSeries>();
    const fits = (name: SeriesName): boolean =>
      name.account === filter.account &&
      name.region === filter.region &&
      (filter.namespace === undefined || name.namespace === filter.namespace) &&
      (filter.metric === undefined || name.metric === filter.metric);
    for (const series of this.#open.values()) {
      for (const { key, name } of series) {
        if (fits(name)) found.set(key, { name, lastMs: this.#nowMs() });
      }
    }
    await this.#options.store.read((snapshot) => {
      for (const known of listSeries(snapshot, filter)) {
        const key = seriesKey(known.name);
        if (!found.has(key)) found.set(key, known);
      }
    });
    return [...found].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, one]) => one);
  }

  /** Stores everything, the running minute included, and no more after that. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#alarm?.();
    this.#flush(Infinity);
    await this.#flushing;
  }

  /** Forgets what is in memory: all state was reset. */
  async forget(): Promise<void> {
    this.#open.clear();
    this.#leaving = [];
    await this.#flushing;
  }

  #opened(series: CountedSeries): void {
    const others = this.#open.get(series.key);
    if (others === undefined) this.#open.set(series.key, new Set([series]));
    else others.add(series);
    this.#arm();
  }

  #arm(): void {
    if (this.#alarm !== undefined || this.#stopped || this.#open.size === 0) return;
    const nowMs = this.#nowMs();
    this.#alarm = this.#options.world.clock.at(nowMs - (nowMs % minuteMs) + minuteMs, () => {
      this.#alarm = undefined;
      this.#flush(this.#nowMs());
      this.#arm();
    });
  }

  #flush(nowMs: number): void {
    this.#flushing = this.#flushing
      .then(() => this.#store(nowMs))
      .catch((error: unknown) =>
        this.#options.log.error("measurements were not stored", { error }),
      );
  }

  async #store(nowMs: number): Promise<void> {
    const { store, world, onFirst } = this.#options;
    for (const ended of partsOf(this.#takeEnded(nowMs))) {
      this.#leaving.push({ flush: world.random.uuid(), ended });
    }
    for (let next = this.#leaving[0]; next !== undefined; next = this.#leaving[0]) {
      const { flush, ended } = next;
      await store.transact((tx) => {
        if (lastFlush(tx) === undefined) onFirst(tx);
        addFlush(tx, ended, flush);
      });
      if (this.#leaving[0] === next) this.#leaving.shift();
    }
  }

  #takeEnded(nowMs: number): EndedPoints[] {
    const ended: EndedPoints[] = [];
    for (const [key, all] of this.#open) {
      for (const series of all) {
        const points = series.takeEnded(nowMs);
        if (points.length > 0) ended.push({ series: key, name: series.name, points });
        if (series.isEmpty) all.delete(series);
      }
      if (all.size === 0) this.#open.delete(key);
    }
    return ended;
  }
}

function* partsOf(ended: readonly EndedPoints[]): Generator<EndedPoints[]> {
  let part: EndedPoints[] = [];
  let count = 0;
  for (const one of ended) {
    part.push(one);
    count += one.points.length;
    if (count < pointsPerCommit && part.length < seriesPerCommit) continue;
    yield part;
    part = [];
    count = 0;
  }
  if (part.length > 0) yield part;
}

class CountedSeries implements Series {
  readonly key: Key;
  readonly name: SeriesName;
  readonly #nowMs: () => number;
  readonly #onMinute: (series: CountedSeries) => void;
  #running: Datapoint | undefined;
  #ended: Datapoint[] = [];
  // Most values of a series are like the one before.
  #lastValue = NaN;
  #lastBucket = 0;

  constructor(
    key: Key,
    name: SeriesName,
    nowMs: () => number,
    onMinute: (series: CountedSeries) => void,
  ) {
    this.key = key;
    this.name = name;
    this.#nowMs = nowMs;
    this.#onMinute = onMinute;
  }

  add(value: number, nowMs = this.#nowMs()): void {
    let minute = this.#running;
    if (minute === undefined || nowMs < minute.startMs || nowMs >= minute.startMs + minuteMs) {
      if (minute !== undefined) this.#ended.push(minute);
      minute = this.#running = newDatapoint(nowMs - (nowMs % minuteMs), minuteMs);
      this.#onMinute(this);
    }
    minute.sum += value;
    minute.count += 1;
    if (value < minute.minimum) minute.minimum = value;
    if (value > minute.maximum) minute.maximum = value;
    if (value !== this.#lastValue) {
      this.#lastValue = value;
      this.#lastBucket = bucketOf(value);
    }
    minute.histogram.set(this.#lastBucket, (minute.histogram.get(this.#lastBucket) ?? 0) + 1);
  }

  get isEmpty(): boolean {
    return this.#running === undefined && this.#ended.length === 0;
  }

  /** All that is in memory. */
  points(): Datapoint[] {
    return this.#running === undefined ? [...this.#ended] : [...this.#ended, this.#running];
  }

  /** Hands over what will not change any more; on a clock that was moved back, the minute ahead as well. */
  takeEnded(nowMs: number): Datapoint[] {
    const running = this.#running;
    if (running !== undefined && (nowMs < running.startMs || nowMs >= running.startMs + minuteMs)) {
      this.#ended.push(running);
      this.#running = undefined;
    }
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }
}
