import { compiled, type Evaluate } from "./evaluate.ts";
import { Patterns } from "./patterns.ts";
import type { Command, NamedExpression, Query, SortKey, Value } from "./query.ts";
import type { Row } from "./row.ts";
import { Stats } from "./stats.ts";
import { compared, textOf } from "./values.ts";

/** What results hold. */
export type ResultRow = readonly { readonly field: string; readonly value: string }[];

/** Source: API reference, StartQuery, limit. */
export const resultsAtMost = 10_000;

/** Takes the rows as they come, in any order; in the end has those that the next commands work on. */
interface Sink {
  add(row: Row): void;
  rows(): Row[];
}

/** Whether the row goes on to the next command; sets what the command makes of it. */
type Step = (row: Row) => boolean;

/**
 * A query on its way over the events: the commands up to the first that needs all rows work on each event as it comes, so
 * memory is bounded by results and groups, not by what is read.
 */
export class Plan {
  readonly #nowMs: number;
  readonly #steps: readonly Step[];
  readonly #sink: Sink;
  readonly #rest: readonly Command[];
  readonly #shown: readonly string[] | undefined;
  readonly #limit: number;
  matched = 0;

  constructor({ commands }: Query, limit: number | undefined, nowMs: number) {
    this.#nowMs = nowMs;
    this.#limit = Math.min(limit ?? resultsAtMost, resultsAtMost);
    this.#shown = shownFields(commands);
    const first = commands.findIndex(({ kind }) => !isStep(kind));
    const ahead = first === -1 ? commands : commands.slice(0, first);
    this.#steps = ahead.map((command) => stepOf(command, nowMs));
    const rest = first === -1 ? [] : commands.slice(first);
    const { sink, used } = sinkOf(rest, this.#limit, nowMs);
    this.#sink = sink;
    this.#rest = rest.slice(used);
  }

  add(row: Row): void {
    for (const step of this.#steps) if (!step(row)) return;
    this.matched += 1;
    this.#sink.add(row);
  }

  results(): ResultRow[] {
    let rows = this.#sink.rows();
    for (const command of this.#rest) rows = applied(command, rows, this.#nowMs);
    return rows.slice(0, this.#limit).map((row) => shownRow(row, this.#shown));
  }
}

const isStep = (kind: Command["kind"]): boolean =>
  kind === "fields" || kind === "display" || kind === "filter" || kind === "parse";

function stepOf(command: Command, nowMs: number): Step {
  switch (command.kind) {
    case "fields":
    case "display": {
      const made = command.fields
        .filter(({ name, expression }) => expression.kind !== "field" || expression.name !== name)
        .map(({ name, expression }) => ({ name, of: compiled(expression, nowMs) }));
      return (row) => {
        for (const { name, of } of made) row.set(name, of(row));
        return true;
      };
    }
    case "filter": {
      const condition = compiled(command.condition, nowMs);
      return (row) => {
        const value = condition(row);
        return value === true || (value !== false && value !== undefined && value !== 0);
      };
    }
    case "parse": {
      const from = compiled(command.from, nowMs);
      return (row) => {
        const found = command.pattern.exec(textOf(from(row)) ?? "");
        if (found === null) return true;
        for (const [at, name] of command.names.entries()) {
          const value = found.groups?.[name] ?? found[at + 1];
          if (value !== undefined) row.set(name, value);
        }
        return true;
      };
    }
    default:
      throw new Error(`${command.kind} is no step`);
  }
}

/** What takes the rows, and how many of the commands it has done. */
function sinkOf(
  rest: readonly Command[],
  limit: number,
  nowMs: number,
): { readonly sink: Sink; readonly used: number } {
  const [first, second] = rest;
  if (first?.kind === "stats") {
    return { sink: new Stats(first.aggregates, first.by, nowMs), used: 1 };
  }
  if (first?.kind === "pattern") {
    return { sink: new Patterns(compiled(first.of, nowMs)), used: 1 };
  }
  // Until a query says otherwise, the latest events come first.
  const order = first?.kind === "sort" ? orderOf(first.keys, nowMs) : latestFirst;
  const used = first?.kind === "sort" ? 1 : 0;
  const next = used === 1 ? second : first;
  if (next?.kind === "dedup") {
    return { sink: new FirstOfEach(order, dedupKey(next.fields, nowMs)), used: used + 1 };
  }
  if (next?.kind === "limit") {
    return { sink: new FirstRows(order, next.count), used: used + 1 };
  }
  // What comes behind may leave rows out again.
  return { sink: new FirstRows(order, next === undefined ? limit : rowsToWorkOn), used };
}

const rowsToWorkOn = 100_000;

type Order = (one: Row, other: Row) => number;

const latestFirst: Order = (one, other) => (other.timestampMs ?? 0) - (one.timestampMs ?? 0);

function orderOf(keys: readonly SortKey[], nowMs: number): Order {
  const evaluated = keys.map(({ expression, descending }) => ({
    of: compiled(expression, nowMs),
    sign: descending ? -1 : 1,
  }));
  return (one, other) => {
    for (const { of, sign } of evaluated) {
      const left = of(one);
      const right = of(other);
      const difference = compared(left, right);
      // What is missing comes last.
      if (difference === undefined) {
        if (left !== right) return left === undefined ? 1 : -1;
      } else if (difference !== 0) return sign * difference;
    }
    return latestFirst(one, other);
  };
}

class FirstRows implements Sink {
  readonly #order: Order;
  readonly #count: number;
  #rows: Row[] = [];
  /** No row behind this one is among the first. */
  #last: Row | undefined;

  constructor(order: Order, count: number) {
    this.#order = order;
    this.#count = count;
  }

  add(row: Row): void {
    if (this.#last !== undefined && this.#order(row, this.#last) >= 0) return;
    row.keep();
    this.#rows.push(row);
    if (this.#rows.length >= this.#count * 2 + 100) this.#cut();
  }

  rows(): Row[] {
    this.#cut();
    return this.#rows;
  }

  #cut(): void {
    this.#rows = this.#rows.toSorted(this.#order).slice(0, this.#count);
    if (this.#rows.length === this.#count) this.#last = this.#rows.at(-1);
  }
}

class FirstOfEach implements Sink {
  readonly #order: Order;
  readonly #key: (row: Row) => string;
  readonly #rows = new Map<string, Row>();

  constructor(order: Order, key: (row: Row) => string) {
    this.#order = order;
    this.#key = key;
  }

  add(row: Row): void {
    const key = this.#key(row);
    const before = this.#rows.get(key);
    if (before !== undefined && this.#order(row, before) >= 0) return;
    row.keep();
    this.#rows.set(key, row);
  }

  rows(): Row[] {
    return [...this.#rows.values()].toSorted(this.#order);
  }
}

function dedupKey(fields: readonly NamedExpression[], nowMs: number): (row: Row) => string {
  const evaluated = fields.map(({ expression }) => compiled(expression, nowMs));
  return (row) => JSON.stringify(evaluated.map((of: Evaluate) => textOf(of(row)) ?? null));
}

function applied(command: Command, rows: Row[], nowMs: number): Row[] {
  switch (command.kind) {
    case "limit":
      return rows.slice(0, command.count);
    case "sort":
      return rows.toSorted(orderOf(command.keys, nowMs));
    case "dedup": {
      const key = dedupKey(command.fields, nowMs);
      const seen = new Set<string>();
      return rows.filter((row) => seen.size < seen.add(key(row)).size);
    }
    case "stats": {
      const stats = new Stats(command.aggregates, command.by, nowMs);
      for (const row of rows) stats.add(row);
      return stats.rows();
    }
    case "pattern": {
      const patterns = new Patterns(compiled(command.of, nowMs));
      for (const row of rows) patterns.add(row);
      return patterns.rows();
    }
    default: {
      const step = stepOf(command, nowMs);
      return rows.filter(step);
    }
  }
}

/** Which fields results show; undefined: those that events have anyway. */
function shownFields(commands: readonly Command[]): readonly string[] | undefined {
  let shown: string[] | undefined;
  let isDisplayed = false;
  for (const command of commands) {
    if (command.kind === "stats") {
      shown = [...command.by, ...command.aggregates].map(({ name }) => name);
      isDisplayed = false;
    } else if (command.kind === "pattern") {
      shown = ["@pattern", "@ratio", "@sampleCount", "@severityLabel"];
      isDisplayed = false;
    } else if (command.kind === "display") {
      shown = command.fields.map(({ name }) => name);
      isDisplayed = true;
    } else if (command.kind === "fields" && !isDisplayed) {
      shown = [...new Set([...(shown ?? []), ...command.fields.map(({ name }) => name)])];
    }
  }
  return shown;
}

const usual = ["@timestamp", "@message"];

/** Events tell in the end where they can be read whole. */
function shownRow(row: Row, shown: readonly string[] = usual): ResultRow {
  const names = row.timestampMs === undefined ? shown : [...shown, "@ptr"];
  return names.flatMap((field) => {
    const value: Value = row.get(field);
    const text = textOf(value);
    return text === undefined ? [] : [{ field, value: text }];
  });
}
