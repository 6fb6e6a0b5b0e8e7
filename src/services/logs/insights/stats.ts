import { compiled, type Evaluate } from "./evaluate.ts";
import { type Aggregate, Instant, type NamedExpression, type Value } from "./query.ts";
import { GroupRow, type Row } from "./row.ts";
import { compared, numberOf, textOf } from "./values.ts";

/** More groups than this are no summary, and would not fit into memory. */
const groupsAtMost = 200_000;

interface Accumulator {
  add(row: Row): void;
  readonly value: Value;
}

/** Groups rows as they come. */
export class Stats {
  readonly #by: readonly { readonly name: string; readonly of: Evaluate }[];
  readonly #make: readonly { readonly name: string; readonly make: () => Accumulator }[];
  readonly #groups = new Map<
    string,
    { readonly keys: readonly Value[]; readonly accumulators: readonly Accumulator[] }
  >();

  constructor(aggregates: readonly Aggregate[], by: readonly NamedExpression[], nowMs: number) {
    this.#by = by.map(({ name, expression }) => ({ name, of: compiled(expression, nowMs) }));
    this.#make = aggregates.map((aggregate) => ({
      name: aggregate.name,
      make: accumulators(aggregate, nowMs),
    }));
    // Without groups there is one result, even of nothing.
    if (by.length === 0) this.#group([]);
  }

  add(row: Row): void {
    const keys = this.#by.map(({ of }) => of(row));
    for (const each of this.#group(keys).accumulators) each.add(row);
  }

  /** Ordered by what they are grouped by. */
  rows(): Row[] {
    return [...this.#groups.values()]
      .toSorted((one, other) => compareKeys(one.keys, other.keys))
      .map(
        ({ keys, accumulators }) =>
          new GroupRow([
            ...this.#by.map(({ name }, at): [string, Value] => [name, keys[at]]),
            ...this.#make.map(({ name }, at): [string, Value] => [name, accumulators[at]!.value]),
          ]),
      );
  }

  #group(keys: readonly Value[]) {
    const id = keys.length === 1 ? idOf(keys[0]) : keys.map(idOf).join("\u0001");
    let group = this.#groups.get(id);
    if (group === undefined) {
      if (this.#groups.size >= groupsAtMost) throw new TooManyGroups();
      // Texts of events are slices of blocks: a group keeps its own.
      const kept = keys.map((key) => (typeof key === "string" ? Buffer.from(key).toString() : key));
      group = { keys: kept, accumulators: this.#make.map(({ make }) => make()) };
      this.#groups.set(Buffer.from(id).toString(), group);
    }
    return group;
  }
}

/** Tells values apart. */
const idOf = (key: Value): string =>
  key instanceof Instant ? String(key.ms) : (textOf(key) ?? "\u0000");

export class TooManyGroups extends Error {
  override name = "TooManyGroups";
}

function compareKeys(one: readonly Value[], other: readonly Value[]): number {
  for (const [at, key] of one.entries()) {
    const difference = compared(key, other[at]);
    if (difference === undefined) {
      if ((key === undefined) !== (other[at] === undefined)) return key === undefined ? 1 : -1;
    } else if (difference !== 0) return difference;
  }
  return 0;
}

function accumulators({ function: name, args }: Aggregate, nowMs: number): () => Accumulator {
  const evaluated = args.map((each) => compiled(each, nowMs));
  const [of = () => 1, second] = evaluated;
  switch (name) {
    case "count":
      return () => new Count(of);
    case "count_distinct":
      return () => new Distinct(evaluated);
    case "min":
      return () => new Extreme(of, (difference) => difference < 0);
    case "max":
      return () => new Extreme(of, (difference) => difference > 0);
    case "sortsfirst":
      return () => new Extreme(of, (difference) => difference < 0);
    case "sortslast":
      return () => new Extreme(of, (difference) => difference > 0);
    case "earliest":
      return () => new AtTime(of, (one, other) => one < other);
    case "latest":
      return () => new AtTime(of, (one, other) => one >= other);
    case "pct":
      return () => new Percentile(of, second ?? (() => 50));
    case "median":
      return () => new Percentile(of, () => 50);
    default:
      return () => new Moments(of, name as MomentsFigure);
  }
}

class Count implements Accumulator {
  value = 0;
  readonly #of: Evaluate;

  constructor(of: Evaluate) {
    this.#of = of;
  }

  add(row: Row): void {
    if (this.#of(row) !== undefined) this.value += 1;
  }
}

class Distinct implements Accumulator {
  readonly #of: readonly Evaluate[];
  readonly #seen = new Set<string>();

  constructor(of: readonly Evaluate[]) {
    this.#of = of;
  }

  add(row: Row): void {
    const texts = this.#of.map((each) => textOf(each(row)));
    if (texts.some((each) => each !== undefined)) this.#seen.add(JSON.stringify(texts));
  }

  get value(): number {
    return this.#seen.size;
  }
}

class Extreme implements Accumulator {
  value: Value;
  readonly #of: Evaluate;
  readonly #isBetter: (difference: number) => boolean;

  constructor(of: Evaluate, isBetter: (difference: number) => boolean) {
    this.#of = of;
    this.#isBetter = isBetter;
  }

  add(row: Row): void {
    const given = this.#of(row);
    if (given === undefined) return;
    const difference = compared(given, this.value);
    if (difference === undefined || this.#isBetter(difference)) {
      this.value = given instanceof Instant ? given : (numberOf(given) ?? given);
    }
  }
}

class AtTime implements Accumulator {
  value: Value;
  #atMs: number | undefined;
  readonly #of: Evaluate;
  readonly #isBetter: (one: number, other: number) => boolean;

  constructor(of: Evaluate, isBetter: (one: number, other: number) => boolean) {
    this.#of = of;
    this.#isBetter = isBetter;
  }

  add(row: Row): void {
    const given = this.#of(row);
    const atMs = row.timestampMs ?? 0;
    if (given === undefined || (this.#atMs !== undefined && !this.#isBetter(atMs, this.#atMs))) {
      return;
    }
    this.value = given;
    this.#atMs = atMs;
  }
}

/** The value at the rank that the percentage comes to, between neighbours in proportion. */
class Percentile implements Accumulator {
  readonly #of: Evaluate;
  readonly #percent: Evaluate;
  readonly #values: number[] = [];
  #wanted = 50;

  constructor(of: Evaluate, percent: Evaluate) {
    this.#of = of;
    this.#percent = percent;
  }

  add(row: Row): void {
    const given = numberOf(this.#of(row));
    if (given === undefined) return;
    if (this.#values.length === 0) this.#wanted = numberOf(this.#percent(row)) ?? 50;
    this.#values.push(given);
  }

  get value(): number | undefined {
    if (this.#values.length === 0) return undefined;
    const sorted = Float64Array.from(this.#values).toSorted();
    const rank = (Math.min(100, Math.max(0, this.#wanted)) / 100) * (sorted.length - 1);
    const low = sorted[Math.floor(rank)]!;
    return low + (sorted[Math.ceil(rank)]! - low) * (rank - Math.floor(rank));
  }
}

type MomentsFigure = "sum" | "avg" | "stddev" | "variance";

class Moments implements Accumulator {
  readonly #of: Evaluate;
  readonly #figure: MomentsFigure;
  #count = 0;
  #sum = 0;
  #mean = 0;
  #squares = 0;

  constructor(of: Evaluate, figure: MomentsFigure) {
    this.#of = of;
    this.#figure = figure;
  }

  add(row: Row): void {
    const given = numberOf(this.#of(row));
    if (given === undefined) return;
    this.#count += 1;
    this.#sum += given;
    // Squares of differences from a mean that moves: exact where sums of squares would cancel out.
    const before = given - this.#mean;
    this.#mean += before / this.#count;
    this.#squares += before * (given - this.#mean);
  }

  get value(): number | undefined {
    if (this.#count === 0) return undefined;
    switch (this.#figure) {
      case "sum":
        return this.#sum;
      case "avg":
        return this.#sum / this.#count;
      case "variance":
        return this.#count < 2 ? 0 : this.#squares / (this.#count - 1);
      case "stddev":
        return this.#count < 2 ? 0 : Math.sqrt(this.#squares / (this.#count - 1));
    }
  }
}
