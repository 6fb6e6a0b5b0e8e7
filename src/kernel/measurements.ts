import type { Tenant } from "./context.ts";

/** One metric of one tenant, as CloudWatch names it: `AWS/DynamoDB`, `ConsumedReadCapacityUnits`, `TableName=Music`. */
export interface SeriesName extends Tenant {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Where a service counts: cheap enough for each request. Keep the object as long as its resource is in use. */
export interface Series {
  readonly name: SeriesName;
  /** Adds one value to the running minute of the wall clock. */
  add(value: number): void;
}

/** What was added within a minute. */
export interface Minute {
  /** Milliseconds since 1970; a whole minute. */
  readonly startMs: number;
  sum: number;
  count: number;
  minimum: number;
  maximum: number;
}

/** The numbers that services count over time. CloudWatch, autoscaling and the bill read the same ones. */
export class Measurements {
  readonly #nowMs: () => number;
  readonly #series = new Map<string, CountedSeries>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  series(name: SeriesName): Series {
    const key = keyOf(name);
    let found = this.#series.get(key);
    if (found === undefined) {
      found = new CountedSeries(name, this.#nowMs);
      this.#series.set(key, found);
    }
    return found;
  }
}

class CountedSeries implements Series {
  readonly name: SeriesName;
  readonly #nowMs: () => number;
  #running: Minute | undefined;

  constructor(name: SeriesName, nowMs: () => number) {
    this.name = name;
    this.#nowMs = nowMs;
  }

  add(value: number): void {
    const nowMs = this.#nowMs();
    const startMs = nowMs - (nowMs % 60_000);
    let minute = this.#running;
    if (minute?.startMs !== startMs) {
      minute = { startMs, sum: 0, count: 0, minimum: value, maximum: value };
      this.#running = minute;
    }
    minute.sum += value;
    minute.count += 1;
    if (value < minute.minimum) minute.minimum = value;
    if (value > minute.maximum) minute.maximum = value;
  }
}

function keyOf({ account, region, namespace, metric, dimensions }: SeriesName): string {
  const named = Object.entries(dimensions).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([account, region, namespace, metric, named]);
}
