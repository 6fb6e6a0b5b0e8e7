import { functionNamed, type Times } from "./functions.ts";
import { type Expression, MathProblem, type Operator } from "./parse.ts";
import {
  arrayOf,
  mapped,
  scalar,
  seriesOf,
  type TimeSeries,
  type Value,
  withPoints,
} from "./values.ts";

/** What an expression may use. */
export interface Scope extends Times {
  /** What another query of the request came to. */
  valueOf(id: string): Value;
  /** The metrics of the request, with their ids. */
  readonly metrics: readonly { readonly id: string; readonly series: TimeSeries }[];
  /** What a call that reads more than the request found beforehand: SEARCH. */
  found(call: Expression): readonly TimeSeries[] | undefined;
}

const words = new Set(["REPEAT", "LINEAR", "AVG", "MIN", "MAX", "SUM", "ASC", "DESC"]);

export function evaluateMath(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case "number":
      return scalar(expression.value);
    case "text":
      return { kind: "word", word: expression.value };
    case "name":
      return words.has(expression.name)
        ? { kind: "word", word: expression.name }
        : scope.valueOf(expression.name);
    case "list":
      return listOf(expression.items.map((item) => evaluateMath(item, scope)));
    case "negated":
      return combined("*", scalar(-1), evaluateMath(expression.of, scope));
    case "binary":
      return combined(
        expression.operator,
        evaluateMath(expression.left, scope),
        evaluateMath(expression.right, scope),
      );
    case "call":
      return called(expression, scope);
  }
}

function called(call: Extract<Expression, { kind: "call" }>, scope: Scope): Value {
  const found = scope.found(call);
  if (found !== undefined) return arrayOf(found);
  const args = call.args.map((arg) => evaluateMath(arg, scope));
  if (call.name === "METRICS") return metricsNamed(args, scope);
  return functionNamed(call.name)(args, scope);
}

/** All metrics of the request, or those with a text in their label or id. */
function metricsNamed(args: readonly Value[], { metrics }: Scope): Value {
  const [filter] = args;
  if (args.length > 1 || (filter !== undefined && filter.kind !== "word")) {
    throw new MathProblem("METRICS takes at most one text");
  }
  const wanted = metrics.filter(
    ({ id, series }) =>
      filter === undefined || id.includes(filter.word) || series.label.includes(filter.word),
  );
  return arrayOf(wanted.map(({ series }) => series));
}

function listOf(values: readonly Value[]): Value {
  return arrayOf(
    values.flatMap((value) => {
      if (value.kind === "series") return [value.series];
      if (value.kind === "array") return value.items;
      throw new MathProblem("A list may hold time series only");
    }),
  );
}

const operations: Readonly<Record<Operator, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "^": (left, right) => left ** right,
  "==": (left, right) => Number(left === right),
  "!=": (left, right) => Number(left !== right),
  "<=": (left, right) => Number(left <= right),
  ">=": (left, right) => Number(left >= right),
  "<": (left, right) => Number(left < right),
  ">": (left, right) => Number(left > right),
  "&&": (left, right) => Number(left !== 0 && right !== 0),
  "||": (left, right) => Number(left !== 0 || right !== 0),
};

/** Point by point; of two series at the times at which both have a value. */
function combined(operator: Operator, left: Value, right: Value): Value {
  const operation = operations[operator];
  if (left.kind === "word" || right.kind === "word") throw unsupported(operator, left, right);
  if (left.kind === "array" && right.kind === "array") throw unsupported(operator, left, right);
  if (left.kind === "array") {
    return arrayOf(left.items.map((item) => single(combined(operator, seriesOf(item), right))));
  }
  if (right.kind === "array") {
    return arrayOf(right.items.map((item) => single(combined(operator, left, seriesOf(item)))));
  }
  if (left.kind === "scalar") {
    if (right.kind === "scalar") return scalar(operation(left.value, right.value));
    return seriesOf(mapped(right.series, (value) => operation(left.value, value)));
  }
  if (right.kind === "scalar") {
    return seriesOf(mapped(left.series, (value) => operation(value, right.value)));
  }
  const { points: others } = right.series;
  const points: [number, number][] = [];
  for (const [atMs, value] of left.series.points) {
    const other = others.get(atMs);
    if (other !== undefined) points.push([atMs, operation(value, other)]);
  }
  const periodMs = Math.max(left.series.periodMs, right.series.periodMs);
  return seriesOf(withPoints({ ...left.series, periodMs }, points));
}

function single(value: Value): TimeSeries {
  if (value.kind !== "series") throw new MathProblem("A time series is needed");
  return value.series;
}

/** As CloudWatch calls the kinds of values. */
export const kindNames = {
  scalar: "Number",
  series: "Metric",
  array: "Array[Metric]",
  word: "String",
};

const unsupported = (operator: Operator, left: Value, right: Value): MathProblem =>
  new MathProblem(
    `Unsupported operand type(s) for ${operator}: '[${kindNames[left.kind]}, ${kindNames[right.kind]}]'`,
  );
