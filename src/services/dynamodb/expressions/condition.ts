import {
  beginsWith,
  compareValues,
  containsValue,
  sizeOf,
  typeOf,
  valuesEqual,
} from "../items/attribute-values.ts";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { valueAt } from "./paths.ts";
import type { Path, PathUse } from "./paths.ts";
import type { Comparator } from "./syntax.ts";

/** An operand with its placeholders replaced. */
export type Operand =
  | { kind: "path"; path: Path }
  | { kind: "value"; value: AttributeValue }
  | { kind: "size"; of: Operand };

export type FunctionName =
  | "attribute_exists"
  | "attribute_not_exists"
  | "attribute_type"
  | "begins_with"
  | "contains";

/** A condition with its placeholders replaced. */
export type Predicate =
  | { kind: "and"; terms: Predicate[] }
  | { kind: "or"; terms: Predicate[] }
  | { kind: "not"; term: Predicate }
  | { kind: "compare"; operator: Comparator; left: Operand; right: Operand }
  | { kind: "between"; value: Operand; low: Operand; high: Operand }
  | { kind: "in"; value: Operand; candidates: Operand[] }
  | { kind: "function"; name: FunctionName; operands: Operand[] };

/** A condition or filter, ready to be asked about any number of items. */
export class Condition {
  readonly predicate: Predicate;
  /** Which attributes it names. */
  readonly use: PathUse;

  constructor(predicate: Predicate, use: PathUse) {
    this.predicate = predicate;
    this.use = use;
  }

  /** An item that does not exist has no attributes. */
  holds(item: Item | undefined): boolean {
    return holds(this.predicate, item ?? nothing);
  }
}

const nothing: Item = {};

function holds(predicate: Predicate, item: Item): boolean {
  switch (predicate.kind) {
    case "and":
      return predicate.terms.every((term) => holds(term, item));
    case "or":
      return predicate.terms.some((term) => holds(term, item));
    case "not":
      return !holds(predicate.term, item);
    case "compare":
      return compare(
        predicate.operator,
        operandValue(predicate.left, item),
        operandValue(predicate.right, item),
      );
    case "between":
      return isBetween(
        operandValue(predicate.value, item),
        operandValue(predicate.low, item),
        operandValue(predicate.high, item),
      );
    case "in": {
      const value = operandValue(predicate.value, item);
      return predicate.candidates.some((one) => compare("=", value, operandValue(one, item)));
    }
    case "function":
      return call(predicate.name, predicate.operands, item);
  }
}

function operandValue(operand: Operand, item: Item): AttributeValue | undefined {
  switch (operand.kind) {
    case "path":
      return valueAt(item, operand.path);
    case "value":
      return operand.value;
    case "size": {
      const value = operandValue(operand.of, item);
      const size = value === undefined ? undefined : sizeOf(value);
      return size === undefined ? undefined : { N: String(size) };
    }
  }
}

/** An operand that is not there is unequal to everything, and neither less nor more. */
function compare(
  operator: Comparator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  if (left === undefined || right === undefined) return operator === "<>";
  if (operator === "=") return valuesEqual(left, right);
  if (operator === "<>") return !valuesEqual(left, right);
  const order = compareValues(left, right);
  if (order === undefined) return false;
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

function isBetween(
  value: AttributeValue | undefined,
  low: AttributeValue | undefined,
  high: AttributeValue | undefined,
): boolean {
  return compare(">=", value, low) && compare("<=", value, high);
}

function call(name: FunctionName, operands: Operand[], item: Item): boolean {
  const first = operandValue(operands[0]!, item);
  if (name === "attribute_exists") return first !== undefined;
  if (name === "attribute_not_exists") return first === undefined;
  const second = operandValue(operands[1]!, item);
  if (first === undefined || second === undefined) return false;
  switch (name) {
    case "attribute_type":
      return typeOf(first) === second.S;
    case "begins_with":
      return beginsWith(first, second);
    case "contains":
      return containsValue(first, second);
  }
}
