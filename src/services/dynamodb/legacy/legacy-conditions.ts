import { compareValues, typeOf } from "../items/attribute-values.ts";
import type { AttributeType, AttributeValue } from "../items/attribute-values.ts";
import { checkValue } from "../items/item-size.ts";
import { Condition } from "../expressions/condition.ts";
import type { Operand, Predicate } from "../expressions/condition.ts";
import type { KeyOperator, KeyTerm } from "../expressions/key-condition.ts";
import { PathUse } from "../expressions/paths.ts";
import { Projection } from "../expressions/projection.ts";
import { invalidParameter, ValidationProblem } from "../validation-problem.ts";

/*
 * The parameters from before expressions: Expected, QueryFilter, ScanFilter, KeyConditions and
 * AttributesToGet. They become the same compiled objects as expressions do. (AttributeUpdates:
 * legacy-updates.ts.)
 */

export type LegacyOperator =
  | "EQ"
  | "NE"
  | "LE"
  | "LT"
  | "GE"
  | "GT"
  | "NOT_NULL"
  | "NULL"
  | "CONTAINS"
  | "NOT_CONTAINS"
  | "BEGINS_WITH"
  | "IN"
  | "BETWEEN";

type Absent = undefined;

export type LegacyCondition = {
  ComparisonOperator?: LegacyOperator | Absent;
  AttributeValueList?: AttributeValue[] | Absent;
};

export type LegacyExpected = LegacyCondition & {
  Value?: AttributeValue | Absent;
  Exists?: boolean | Absent;
};

export type LegacyConjunction = "AND" | "OR" | undefined;

/** The condition that Expected asks for. */
export function expectedCondition(
  expected: Record<string, LegacyExpected>,
  conjunction: LegacyConjunction,
): Condition {
  checkConjunction(conjunction, expected);
  const predicates = Object.entries(expected).map(([name, one]) => expectation(name, one));
  return joined(predicates, Object.keys(expected), conjunction);
}

/** The filter that QueryFilter or ScanFilter asks for. */
export function filterCondition(
  filter: Record<string, LegacyCondition>,
  conjunction: LegacyConjunction,
): Condition {
  checkConjunction(conjunction, filter);
  const predicates = Object.entries(filter).map(
    ([name, { ComparisonOperator, AttributeValueList }]) =>
      checkedPredicate(name, ComparisonOperator!, AttributeValueList ?? []),
  );
  return joined(predicates, Object.keys(filter), conjunction);
}

/** Throws if ConditionalOperator comes without two conditions that it could join. */
export function checkConjunction(
  conjunction: LegacyConjunction,
  conditions: object | undefined,
): void {
  if (conjunction === undefined) return;
  if (conditions === undefined) {
    throw new ValidationProblem("ConditionalOperator cannot be used without Filter or Expected");
  }
  if (Object.keys(conditions).length < 2) {
    throw new ValidationProblem(
      "ConditionalOperator can only be used when Filter or Expected has two or more elements",
    );
  }
}

function joined(terms: Predicate[], names: string[], conjunction: LegacyConjunction): Condition {
  const use = new PathUse();
  for (const name of names) use.add([name]);
  return new Condition({ kind: conjunction === "OR" ? "or" : "and", terms }, use);
}

function expectation(name: string, expected: LegacyExpected): Predicate {
  const { ComparisonOperator: operator, AttributeValueList: list, Value: value, Exists } = expected;
  if (list !== undefined && value !== undefined) {
    throw invalid(`Value and AttributeValueList cannot be used together for Attribute: ${name}`);
  }
  if (operator !== undefined) {
    if (Exists !== undefined) {
      throw invalid(`Exists and ComparisonOperator cannot be used together for Attribute: ${name}`);
    }
    const needsValue = operator !== "NULL" && operator !== "NOT_NULL";
    if (needsValue && list === undefined && value === undefined) {
      throw invalid(
        `Value or AttributeValueList must be used with ComparisonOperator: ${operator} for Attribute: ${name}`,
      );
    }
    return checkedPredicate(name, operator, list ?? (value === undefined ? [] : [value]));
  }
  if (list !== undefined) {
    throw invalid(
      `AttributeValueList can only be used with a ComparisonOperator for Attribute: ${name}`,
    );
  }
  if (value === undefined) {
    if (Exists !== false) {
      throw invalid(
        `Value must be provided when Exists is ${Exists === undefined ? "null" : "true"} for Attribute: ${name}`,
      );
    }
    return existence(name, "attribute_not_exists");
  }
  if (Exists === false) {
    throw invalid(`Value cannot be used when Exists is false for Attribute: ${name}`);
  }
  checkValue(value);
  return comparison(name, "=", value);
}

const scalarTypes: readonly AttributeType[] = ["S", "N", "B"];
/** The types of value that an operator takes; the others take any. */
const allowedTypes: Partial<Record<LegacyOperator, readonly AttributeType[]>> = {
  LE: scalarTypes,
  LT: scalarTypes,
  GE: scalarTypes,
  GT: scalarTypes,
  IN: scalarTypes,
  BETWEEN: scalarTypes,
  BEGINS_WITH: ["S", "B"],
  CONTAINS: ["S", "N", "B", "BOOL", "NULL"],
  NOT_CONTAINS: ["S", "N", "B", "BOOL", "NULL"],
};

function checkedPredicate(
  name: string,
  operator: LegacyOperator,
  values: AttributeValue[],
): Predicate {
  checkValues(operator, values);
  return predicateOf(name, operator, values);
}

/** The checks that all legacy conditions share, in AWS's order. */
function checkValues(operator: LegacyOperator, values: AttributeValue[]): void {
  for (const value of values) checkValue(value);
  if (!hasRightCount(operator, values.length)) {
    throw invalid(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  }
  const first = values[0];
  if (first === undefined) return;
  const type = typeOf(first);
  if (values.some((value) => typeOf(value) !== type)) {
    throw invalid("AttributeValues inside AttributeValueList must be of same type");
  }
  if (allowedTypes[operator]?.includes(type) === false) {
    throw invalid(`ComparisonOperator ${operator} is not valid for ${type} AttributeValue type`);
  }
  if (operator === "BETWEEN" && (compareValues(first, values[1]!) ?? 0) > 0) {
    throw new ValidationProblem(
      "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
    );
  }
}

function hasRightCount(operator: LegacyOperator, count: number): boolean {
  switch (operator) {
    case "NULL":
    case "NOT_NULL":
      return count === 0;
    case "BETWEEN":
      return count === 2;
    case "IN":
      return count > 0;
    case "EQ":
    case "NE":
    case "LE":
    case "LT":
    case "GE":
    case "GT":
    case "CONTAINS":
    case "NOT_CONTAINS":
    case "BEGINS_WITH":
      return count === 1;
  }
}

const comparators = { EQ: "=", NE: "<>", LE: "<=", LT: "<", GE: ">=", GT: ">" } as const;

function predicateOf(name: string, operator: LegacyOperator, values: AttributeValue[]): Predicate {
  const path: Operand = { kind: "path", path: [name] };
  const [first, second] = values.map((value): Operand => ({ kind: "value", value }));
  switch (operator) {
    case "EQ":
    case "NE":
    case "LE":
    case "LT":
    case "GE":
    case "GT":
      return { kind: "compare", operator: comparators[operator], left: path, right: first! };
    case "NOT_NULL":
      return existence(name, "attribute_exists");
    case "NULL":
      return existence(name, "attribute_not_exists");
    case "BEGINS_WITH":
      return { kind: "function", name: "begins_with", operands: [path, first!] };
    case "CONTAINS":
      return { kind: "function", name: "contains", operands: [path, first!] };
    case "NOT_CONTAINS": {
      // Of an attribute that is not there it does not hold.
      const contains: Predicate = {
        kind: "function",
        name: "contains",
        operands: [path, first!],
      };
      return {
        kind: "and",
        terms: [existence(name, "attribute_exists"), { kind: "not", term: contains }],
      };
    }
    case "IN":
      return {
        kind: "in",
        value: path,
        candidates: values.map((value) => ({ kind: "value", value })),
      };
    case "BETWEEN":
      return { kind: "between", value: path, low: first!, high: second! };
  }
}

function existence(name: string, test: "attribute_exists" | "attribute_not_exists"): Predicate {
  return { kind: "function", name: test, operands: [{ kind: "path", path: [name] }] };
}

function comparison(name: string, operator: "=", value: AttributeValue): Predicate {
  const left: Operand = { kind: "path", path: [name] };
  return { kind: "compare", operator, left, right: { kind: "value", value } };
}

const keyOperators: Partial<Record<LegacyOperator, KeyOperator>> = {
  EQ: "=",
  LE: "<=",
  LT: "<",
  GE: ">=",
  GT: ">",
  BEGINS_WITH: "begins_with",
  BETWEEN: "BETWEEN",
};

/** The terms that KeyConditions asks for: `keyRangeOf` takes them. */
export function legacyKeyTerms(conditions: Record<string, LegacyCondition>): KeyTerm[] {
  return Object.entries(conditions).map(([name, { ComparisonOperator, AttributeValueList }]) => {
    const operator = ComparisonOperator!;
    const values = AttributeValueList ?? [];
    checkValues(operator, values);
    return { name, operator: keyOperators[operator] ?? "unusable", values };
  });
}

/** The projection that AttributesToGet asks for: whole attributes by name. */
export function attributesToGet(names: readonly string[]): Projection {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw invalid(`Duplicate value in attribute name: ${name}`);
    seen.add(name);
  }
  return new Projection(names.map((name) => [name]));
}

function invalid(message: string): ValidationProblem {
  return new ValidationProblem(invalidParameter + message);
}
