import { functions, type Moment } from "./functions.ts";
import type { BinaryOperator, Expression, Value } from "./query.ts";
import type { Row } from "./row.ts";
import { areEqual, compared, isTrue, numberOf, textOf } from "./values.ts";

export type Evaluate = (row: Row) => Value;

/** An expression as a function of a row: made once for a query, called for each event. */
export function compiled(expression: Expression, nowMs: number): Evaluate {
  const compile = (inner: Expression): Evaluate => compiled(inner, nowMs);
  switch (expression.kind) {
    case "literal":
      return () => expression.value;
    case "field":
      return (row) => row.get(expression.name);
    case "not": {
      const of = compile(expression.of);
      return (row) => !isTrue(of(row));
    }
    case "negative": {
      const of = compile(expression.of);
      return (row) => {
        const number = numberOf(of(row));
        return number === undefined ? undefined : -number;
      };
    }
    case "call": {
      const called = functions[expression.name]!;
      const args = expression.args.map(compile);
      return (row) => {
        const at: Moment = { eventMs: row.timestampMs, nowMs };
        return called.call(
          args.map((each) => each(row)),
          at,
        );
      };
    }
    case "in": {
      const value = compile(expression.value);
      const list = expression.list.map(compile);
      return (row) => {
        const given = value(row);
        return list.some((each) => areEqual(given, each(row))) !== expression.isNegated;
      };
    }
    case "like": {
      const value = compile(expression.value);
      const { pattern, isNegated } = expression;
      const fits =
        typeof pattern === "string"
          ? (text: string) => text.includes(pattern)
          : (text: string) => pattern.test(text);
      return (row) => {
        const text = textOf(value(row));
        return text === undefined ? isNegated : fits(text) !== isNegated;
      };
    }
    case "binary":
      return binary(expression.operator, compile(expression.left), compile(expression.right));
  }
}

function binary(operator: BinaryOperator, left: Evaluate, right: Evaluate): Evaluate {
  const arithmetic =
    (act: (one: number, other: number) => number): Evaluate =>
    (row) => {
      const one = numberOf(left(row));
      const other = numberOf(right(row));
      return one === undefined || other === undefined ? undefined : act(one, other);
    };
  const comparison =
    (holds: (difference: number) => boolean): Evaluate =>
    (row) => {
      const difference = compared(left(row), right(row));
      return difference !== undefined && holds(difference);
    };
  switch (operator) {
    case "and":
      return (row) => isTrue(left(row)) && isTrue(right(row));
    case "or":
      return (row) => isTrue(left(row)) || isTrue(right(row));
    case "=":
      return (row) => areEqual(left(row), right(row));
    case "!=":
      return (row) => !areEqual(left(row), right(row));
    case "<":
      return comparison((difference) => difference < 0);
    case "<=":
      return comparison((difference) => difference <= 0);
    case ">":
      return comparison((difference) => difference > 0);
    case ">=":
      return comparison((difference) => difference >= 0);
    case "+":
      return arithmetic((one, other) => one + other);
    case "-":
      return arithmetic((one, other) => one - other);
    case "*":
      return arithmetic((one, other) => one * other);
    case "/":
      return arithmetic((one, other) => one / other);
    case "%":
      return arithmetic((one, other) => one % other);
    case "^":
      return arithmetic((one, other) => one ** other);
  }
}
