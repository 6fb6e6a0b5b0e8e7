import { beginsWith, compareValues } from "../items/attribute-values.ts";
import type { AttributeValue } from "../items/attribute-values.ts";
import { checkIndexKeyIsNotEmpty, checkKeyValue } from "../items/key-encoding.ts";
import type { KeyType } from "../items/key-encoding.ts";
import { ExpressionProblem, invalidParameter, ValidationProblem } from "../validation-problem.ts";
import { bindCondition } from "./bind-condition.ts";
import type { Bindings } from "./bindings.ts";
import type { Operand, Predicate } from "./condition.ts";
import type { Path } from "./paths.ts";
import { invalidExpression } from "./syntax-cache.ts";

export type KeyOperator = "=" | "<" | "<=" | ">" | ">=" | "BETWEEN" | "begins_with";

/**
 * What is asked of one key attribute: two values for BETWEEN, otherwise one. Legacy conditions can ask
 * what no key can answer ("unusable"); AWS says so only when it knows the table.
 */
export type KeyTerm = {
  name: string;
  operator: KeyOperator | "unusable";
  values: AttributeValue[];
};

/** The key attributes of a table or index in the order of its key schema, partition attributes first. */
export type KeyAttribute = { name: string; type: KeyType; role: "HASH" | "RANGE" };

/**
 * A range of keys: all that have these values for the partition attributes and, in order, for the
 * first sort attributes, and of which the next sort attribute lies in the range.
 */
export type KeyRange = {
  partition: AttributeValue[];
  sort: AttributeValue[];
  range: { operator: Exclude<KeyOperator, "=">; values: AttributeValue[] } | undefined;
};

/**
 * Query calls this first, then `bindings.assertAllUsed()`, then `keyTermsOf`: AWS reports in this order.
 */
export function parseKeyCondition(text: string, bindings: Bindings): Predicate {
  return bindCondition(text, bindings, "KeyConditionExpression").predicate;
}

/** The conditions on single attributes that a key condition consists of; throws if it is more than that. */
export function keyTermsOf(predicate: Predicate): KeyTerm[] {
  const terms: KeyTerm[] = [];
  collectTerms(predicate, terms);
  return terms;
}

function collectTerms(predicate: Predicate, terms: KeyTerm[]): void {
  if (predicate.kind === "and") {
    for (const term of predicate.terms) collectTerms(term, terms);
    return;
  }
  checkOperator(predicate);
  const term = termOf(predicate);
  if (terms.some(({ name }) => name === term.name)) {
    throw invalidCondition("KeyConditionExpressions must only contain one condition per key");
  }
  terms.push(term);
}

type SimplePredicate = Extract<Predicate, { kind: "compare" | "between" | "function" }>;

function checkOperator(
  predicate: Exclude<Predicate, { kind: "and" }>,
): asserts predicate is SimplePredicate {
  switch (predicate.kind) {
    case "or":
    case "not":
    case "in":
      throw invalidOperator(predicate.kind.toUpperCase());
    case "compare":
      if (predicate.operator === "<>") throw invalidOperator("<>");
      return;
    case "function":
      if (predicate.name !== "begins_with") throw invalidOperator(predicate.name);
      if (predicate.operands[0]!.kind !== "path") throw firstMustBeKey("begins_with");
      return;
    case "between":
      if (predicate.value.kind === "size") throw invalidCondition(nestedOperations);
      if (predicate.value.kind !== "path") throw firstMustBeKey("BETWEEN");
  }
}

const nestedOperations = "KeyConditionExpressions cannot contain nested operations";

function termOf(predicate: SimplePredicate): KeyTerm {
  switch (predicate.kind) {
    case "compare": {
      const operator = predicate.operator as Exclude<KeyOperator, "BETWEEN" | "begins_with">;
      const operands = [predicate.left, predicate.right];
      const name = keyNameOf(operands);
      const isReversed = predicate.left.kind !== "path";
      return {
        name,
        operator: isReversed ? mirrored[operator] : operator,
        values: valuesOf(operands),
      };
    }
    case "between": {
      const operands = [predicate.value, predicate.low, predicate.high];
      return { name: keyNameOf(operands), operator: "BETWEEN", values: valuesOf(operands) };
    }
    case "function": {
      const { operands } = predicate;
      return { name: keyNameOf(operands), operator: "begins_with", values: valuesOf(operands) };
    }
  }
}

/** `:v < key` asks the same as `key > :v`. */
const mirrored = { "=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

function keyNameOf(operands: Operand[]): string {
  let found: Path | undefined;
  for (const operand of operands) {
    if (operand.kind === "size") throw invalidCondition(nestedOperations);
    if (operand.kind !== "path") continue;
    if (found !== undefined) {
      throw new ExpressionProblem(
        "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
      );
    }
    if (operand.path.length > 1) {
      throw invalidCondition("KeyConditionExpressions cannot have conditions on nested attributes");
    }
    found = operand.path;
  }
  if (found === undefined) {
    throw new ExpressionProblem(
      "Invalid condition in KeyConditionExpression: No key attribute specified",
    );
  }
  return found[0] as string;
}

function valuesOf(operands: Operand[]): AttributeValue[] {
  return operands.flatMap((operand) => (operand.kind === "value" ? [operand.value] : []));
}

function invalidOperator(operator: string): ExpressionProblem {
  return new ExpressionProblem(`Invalid operator used in KeyConditionExpression: ${operator}`);
}

function firstMustBeKey(operator: string): ExpressionProblem {
  return new ExpressionProblem(
    `Invalid condition in KeyConditionExpression: ${operator} operator must have the key attribute as its first operand`,
  );
}

function invalidCondition(message: string): ExpressionProblem {
  return invalidExpression("KeyConditionExpression", message);
}

const notSupported = "Query key condition not supported";

/**
 * The range of keys that the terms ask for: each partition attribute must equal a value, the sort
 * attributes from the left as well, except that the last one with a condition may have a range.
 * `indexName`: where the key is an index's.
 */
export function keyRangeOf(
  terms: readonly KeyTerm[],
  key: readonly KeyAttribute[],
  indexName?: string,
): KeyRange {
  if (terms.length === 0) {
    throw new ValidationProblem("Conditions can be of length 1 or 2 only");
  }
  // As AWS words it since keys have more than two attributes (October 2026); not for two conditions on one attribute.
  if (terms.length > 2 && terms.length > key.length) {
    throw new ValidationProblem(
      `The number of query conditions (${terms.length}) exceeds the number of key attributes ` +
        `defined in the schema (${key.length})`,
    );
  }
  const byName = new Map(terms.map((term) => [term.name, term]));
  const partitionCount = key.filter(({ role }) => role === "HASH").length;
  if (key.length === partitionCount && terms.length > partitionCount) {
    throw new ValidationProblem(notSupported);
  }
  const range: KeyRange = { partition: [], sort: [], range: undefined };
  const sortTerms = new Map<string, UsableTerm>();
  for (const attribute of key) {
    const term = byName.get(attribute.name);
    if (term === undefined) {
      const isNeeded =
        attribute.role === "HASH" || (key.length === 2 && terms.length > partitionCount);
      if (isNeeded) {
        throw new ValidationProblem(`Query condition missed key schema element: ${attribute.name}`);
      }
      continue;
    }
    byName.delete(attribute.name);
    checkTerm(term, attribute, indexName);
    if (attribute.role === "HASH") range.partition.push(term.values[0]!);
    else sortTerms.set(attribute.name, term);
  }
  if (byName.size > 0) throw new ValidationProblem(notSupported);
  addSortTerms(range, sortTerms, key);
  return range;
}

type UsableTerm = KeyTerm & { operator: KeyOperator };

function checkTerm(
  term: KeyTerm,
  attribute: KeyAttribute,
  indexName: string | undefined,
): asserts term is UsableTerm {
  if (term.operator === "unusable") {
    throw new ValidationProblem("Attempted conditional constraint is not an indexable operation");
  }
  if (term.values.some((value) => value[attribute.type] === undefined)) {
    throw new ValidationProblem(
      `${invalidParameter}Condition parameter type does not match schema type`,
    );
  }
  if (attribute.role === "HASH" && term.operator !== "=") {
    throw new ValidationProblem(notSupported);
  }
  for (const value of term.values) {
    if (indexName !== undefined) {
      checkIndexKeyIsNotEmpty(attribute.name, value, attribute.type, indexName);
    }
    checkKeyValue(attribute.name, value, attribute.type, attribute.role);
  }
}

function addSortTerms(
  range: KeyRange,
  terms: ReadonlyMap<string, UsableTerm>,
  key: readonly KeyAttribute[],
): void {
  /** The first sort attribute without an equality: none after it may have a condition. */
  let open: string | undefined;
  for (const { name, role } of key) {
    if (role === "HASH") continue;
    const term = terms.get(name);
    if (term === undefined) {
      open ??= name;
      continue;
    }
    if (open !== undefined) {
      throw new ValidationProblem(
        `RANGE key attributes ${open} must have equality conditions specified in the query ` +
          `because a condition is present on key attribute ${name}`,
      );
    }
    if (term.operator === "=") {
      range.sort.push(term.values[0]!);
    } else {
      range.range = { operator: term.operator, values: term.values };
      open = name;
    }
  }
}

/** Whether the value of the attribute after `range.sort` lies in the range: for exclusive start keys. */
export function isInRange(range: KeyRange["range"], value: AttributeValue): boolean {
  if (range === undefined) return true;
  const [low, high] = range.values;
  if (range.operator === "begins_with") return beginsWith(value, low!);
  const order = compareValues(value, low!);
  if (order === undefined) return false;
  switch (range.operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "BETWEEN":
      return order >= 0 && (compareValues(value, high!) ?? 1) <= 0;
  }
}
