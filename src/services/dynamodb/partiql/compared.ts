import type { AttributeValue } from "../items/attribute-values.ts";
import type { Operand, Predicate } from "../expressions/condition.ts";

/** What is asked of an attribute; the values are those of `operator`, and `IN` is several `=`. */
export interface Compared {
  readonly operator: string;
  readonly values: readonly AttributeValue[];
}

/** What a simple predicate asks of one whole attribute, if it compares it with values alone. */
export function comparedWith(predicate: Predicate, name: string): Compared | undefined {
  switch (predicate.kind) {
    case "compare": {
      const { left, right, operator } = predicate;
      if (isNamed(left, name)) return valuesIn(operator, [right]);
      return isNamed(right, name) ? valuesIn(mirrored[operator], [left]) : undefined;
    }
    case "between":
      if (!isNamed(predicate.value, name)) return undefined;
      return valuesIn("BETWEEN", [predicate.low, predicate.high]);
    case "in":
      return isNamed(predicate.value, name) ? valuesIn("=", predicate.candidates) : undefined;
    case "function": {
      const [first, second] = predicate.operands;
      if (predicate.name !== "begins_with" || !isNamed(first!, name)) return undefined;
      return valuesIn("begins_with", [second!]);
    }
    default:
      return undefined;
  }
}

const mirrored = { "=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

function isNamed(operand: Operand, name: string): boolean {
  return operand.kind === "path" && operand.path.length === 1 && operand.path[0] === name;
}

function valuesIn(operator: string, operands: readonly Operand[]): Compared | undefined {
  const values: AttributeValue[] = [];
  for (const operand of operands) {
    if (operand.kind !== "value") return undefined;
    values.push(operand.value);
  }
  return { operator, values };
}
