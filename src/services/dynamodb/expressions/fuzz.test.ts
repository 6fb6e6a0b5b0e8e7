import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  compareValues,
  containsValue,
  sizeOf,
  typeOf,
  valuesEqual,
} from "../items/attribute-values.ts";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { parseCondition, parseFilter } from "./bind-condition.ts";
import { parseUpdate } from "./bind-update.ts";
import { Bindings } from "./bindings.ts";
import { keyTermsOf, parseKeyCondition } from "./key-condition.ts";
import { parseConditionSyntax } from "./parse-condition.ts";
import { parseProjection } from "./projection.ts";
import type { ConditionSyntax, OperandSyntax } from "./syntax.ts";

const item: Item = {
  a: { N: "1" },
  b: { S: "x" },
  c: { L: [{ N: "2" }, { M: { d: { SS: ["x"] } } }] },
  d: { M: { a: { N: "3" }, b: { L: [] } } },
};
const names = { "#a": "a", "#c": "c" };
const values = (): Record<string, AttributeValue> => ({
  ":n": { N: "1" },
  ":s": { S: "x" },
  ":set": { SS: ["x", "y"] },
  ":list": { L: [{ N: "2" }] },
});

/** Parses the text as each kind of expression and uses what comes out: nothing but ValidationProblems may be thrown. */
function useAll(text: string): void {
  const uses: (() => unknown)[] = [
    () => parseFilter(text, new Bindings(names, values())).holds(item),
    () => keyTermsOf(parseKeyCondition(text, new Bindings(names, values()))),
    () => parseProjection(text, new Bindings(names, undefined)).apply(item),
    () => {
      const update = parseUpdate(text, new Bindings(names, values()));
      const copy = structuredClone(item);
      const after = update.apply(item);
      assert.deepEqual(item, copy);
      update.checkCharge();
      update.touched(after);
      update.assignedTypes();
    },
  ];
  for (const use of uses) {
    try {
      use();
    } catch (problem) {
      if (!(problem instanceof ValidationProblem))
        throw new Error(`of ${text}`, { cause: problem });
    }
  }
}

test("no text makes the parsers fail in another way than with a problem for the caller", () => {
  const bytes = fc
    .uint8Array({ maxLength: 40 })
    .map((some) => Buffer.from(some).toString("latin1"));
  const unicode = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(fc.property(fc.oneof(bytes, unicode), useAll), { seed: 11, numRuns: 4000 });
});

const words = [
  ..."( ) [ ] . , = < > + -".split(" "),
  "<>",
  "<=",
  ">=",
  ..."AND OR NOT BETWEEN IN SET REMOVE ADD DELETE".split(" "),
  ..."attribute_exists attribute_not_exists attribute_type begins_with contains size".split(" "),
  "if_not_exists",
  "list_append",
  "nonsense(",
  ..."a b c d #a #c #x :n :s :set :list :x 0 1 99 a.b c[1].d c[0] d.b[2]".split(" "),
  "name",
];

test("no sequence of tokens makes the parsers fail in another way either", () => {
  const tokens = fc.array(fc.constantFrom(...words), { maxLength: 14 });
  const starts = fc.constantFrom("", "SET ", "SET a = ", "REMOVE ", "ADD a ", "a = ", "a IN (");
  fc.assert(
    fc.property(starts, tokens, (start, rest) => useAll(start + rest.join(" "))),
    { seed: 12, numRuns: 20_000 },
  );
});

test("deep nesting ends in a problem, not in an exhausted stack", () => {
  for (const opening of [
    "(",
    "NOT ",
    "NOT (",
    "size(",
    "a=b AND (",
    "SET a = (",
    "SET a = f(",
    "a[",
  ]) {
    useAll(opening.repeat(Math.floor(4096 / opening.length)));
  }
});

/* Conditions that are right by construction. */

const paths = fc
  .constantFrom("a", "b", "c[0]", "c[1].d", "d.a", "d.b[0]", "#a", "absent", "absent.x")
  .map((text): OperandSyntax => parsePath(text));

function parsePath(text: string): OperandSyntax {
  const syntax = parseConditionSyntax(`attribute_exists(${text.replace("absent", "zz")})`);
  assert.equal(syntax.kind, "function");
  return syntax.kind === "function" ? syntax.operands[0]! : assert.fail();
}

const valueOperands = fc
  .constantFrom(":n", ":s")
  .map((placeholder): OperandSyntax => ({ kind: "value", placeholder }));
const sizes = paths.map((path): OperandSyntax => ({
  kind: "function",
  name: "size",
  operands: [path],
}));
const operands = fc.oneof(paths, valueOperands, sizes);

const { condition } = fc.letrec<{ condition: ConditionSyntax }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({
      kind: fc.constant("compare" as const),
      operator: fc.constantFrom("=", "<>", "<", "<=", ">", ">="),
      left: operands,
      right: valueOperands,
    }),
    fc.record({
      kind: fc.constant("between" as const),
      value: operands,
      low: paths,
      high: valueOperands,
    }),
    fc.record({
      kind: fc.constant("in" as const),
      value: valueOperands,
      candidates: fc.array(operands, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant("function" as const),
      name: fc.constantFrom("attribute_exists", "attribute_not_exists"),
      operands: fc.tuple(paths),
    }),
    fc.record({
      kind: fc.constant("function" as const),
      name: fc.constant("contains"),
      operands: fc.tuple(paths, valueOperands),
    }),
    fc.record({ kind: fc.constant("not" as const), term: tie("condition") }),
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      terms: fc.array(tie("condition"), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

/** Prints with the parentheses that are needed, and some that do no harm. */
function print(syntax: ConditionSyntax): string {
  switch (syntax.kind) {
    case "and":
      return syntax.terms.map((term) => grouped(term, ["and", "or"])).join(" AND ");
    case "or":
      return syntax.terms.map((term) => grouped(term, ["or"])).join(" oR ");
    case "not":
      return `NOT ${grouped(syntax.term, ["and", "or", "not"])}`;
    case "compare":
      return `${printOperand(syntax.left)}${syntax.operator}(${printOperand(syntax.right)})`;
    case "between":
      return `(${printOperand(syntax.value)})BETWEEN ${printOperand(syntax.low)} AND ${printOperand(syntax.high)}`;
    case "in":
      return `${printOperand(syntax.value)} IN(${syntax.candidates.map(printOperand).join(" , ")})`;
    case "function":
      return printOperand(syntax);
  }
}

function grouped(syntax: ConditionSyntax, kinds: string[]): string {
  return kinds.includes(syntax.kind) ? `(${print(syntax)})` : print(syntax);
}

function printOperand(operand: OperandSyntax): string {
  switch (operand.kind) {
    case "path":
      return operand.elements
        .map((element, index) =>
          typeof element === "number" ? `[${element}]` : (index === 0 ? "" : ".") + element,
        )
        .join("");
    case "value":
      return operand.placeholder;
    case "function":
      return `${operand.name}( ${operand.operands.map(printOperand).join(",")} )`;
  }
}

test("a condition that is printed and parsed again is the same", () => {
  fc.assert(
    fc.property(condition, (syntax) => {
      const text = print(syntax);
      fc.pre(text.length <= 4096);
      // The clone has ordinary prototypes, which records of fast-check have not.
      assert.deepEqual(parseConditionSyntax(text), structuredClone(syntax), text);
    }),
    { seed: 13, numRuns: 2000 },
  );
});

/** A second evaluator, as simple as can be, over the syntax tree. */
function oracle(syntax: ConditionSyntax): boolean {
  switch (syntax.kind) {
    case "and":
      return !syntax.terms.some((term) => !oracle(term));
    case "or":
      return !syntax.terms.every((term) => !oracle(term));
    case "not":
      return !oracle(syntax.term);
    case "compare": {
      const [left, right] = [valueOf(syntax.left), valueOf(syntax.right)];
      const same = left !== undefined && right !== undefined && valuesEqual(left, right);
      if (syntax.operator === "=") return same;
      if (syntax.operator === "<>") return !same;
      return isOrdered(syntax.operator, left, right);
    }
    case "between": {
      const value = valueOf(syntax.value);
      return (
        isOrdered(">=", value, valueOf(syntax.low)) && isOrdered("<=", value, valueOf(syntax.high))
      );
    }
    case "in": {
      const value = valueOf(syntax.value);
      return syntax.candidates.some((one) => {
        const candidate = valueOf(one);
        return value !== undefined && candidate !== undefined && valuesEqual(value, candidate);
      });
    }
    case "function": {
      const [first, second] = syntax.operands.map(valueOf);
      if (syntax.name === "attribute_exists") return first !== undefined;
      if (syntax.name === "attribute_not_exists") return first === undefined;
      return first !== undefined && second !== undefined && containsValue(first, second);
    }
  }
}

function isOrdered(
  operator: string,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  if (left === undefined || right === undefined || typeOf(left) !== typeOf(right)) return false;
  const order = compareValues(left, right);
  if (order === undefined) return false;
  return (
    (order < 0 && operator.startsWith("<")) ||
    (order > 0 && operator.startsWith(">")) ||
    (order === 0 && operator.endsWith("="))
  );
}

function valueOf(operand: OperandSyntax): AttributeValue | undefined {
  switch (operand.kind) {
    case "value":
      return values()[operand.placeholder];
    case "function": {
      const value = valueOf(operand.operands[0]!);
      const size = value && sizeOf(value);
      return size === undefined ? undefined : { N: `${size}` };
    }
    case "path": {
      let found: AttributeValue | undefined = { M: item };
      for (const element of operand.elements) {
        const name = element === "#a" ? "a" : element;
        found = typeof name === "number" ? found?.L?.[name] : found?.M?.[name];
      }
      return found;
    }
  }
}

test("a condition holds exactly if an oracle says so", () => {
  fc.assert(
    fc.property(condition, (syntax) => {
      const text = print(syntax);
      fc.pre(text.length <= 4096);
      const holds = parseCondition(text, new Bindings(names, values())).holds(item);
      assert.equal(holds, oracle(syntax), text);
    }),
    { seed: 14, numRuns: 3000 },
  );
});
