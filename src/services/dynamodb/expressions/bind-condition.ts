import { compareValues, typeOf } from "../items/attribute-values.ts";
import type { AttributeType, AttributeValue } from "../items/attribute-values.ts";
import { Condition } from "./condition.ts";
import type { FunctionName, Operand, Predicate } from "./condition.ts";
import type { Bindings, Placeholders } from "./bindings.ts";
import { parseConditionSyntax } from "./parse-condition.ts";
import { pathsEqual, PathUse, resolvePath, undefinedValue } from "./paths.ts";
import { invalidExpression, SyntaxCache } from "./syntax-cache.ts";
import type { ConditionSyntax, ExpressionKind, FunctionSyntax, OperandSyntax } from "./syntax.ts";
import { showPath } from "./token-stream.ts";

const syntaxes = new SyntaxCache(parseConditionSyntax);

export function parseCondition(text: string, bindings: Bindings): Condition {
  return bindCondition(text, bindings, "ConditionExpression");
}

export function parseFilter(text: string, bindings: Bindings): Condition {
  return bindCondition(text, bindings, "FilterExpression");
}

export function bindCondition(text: string, bindings: Bindings, kind: ExpressionKind): Condition {
  const syntax = syntaxes.syntaxOf(text, kind);
  const binder = new ConditionBinder(bindings, (problem) => invalidExpression(kind, problem));
  return new Condition(binder.bind(syntax), binder.use);
}

const operandCounts: Record<FunctionName | "size", number> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};
const maximumCandidates = 100;

/** Types that `size` has no answer for. */
const typesWithoutSize: readonly AttributeType[] = ["N", "BOOL", "NULL"];
const orderedTypes: readonly AttributeType[] = ["S", "N", "B"];
const attributeTypes = ["S", "SS", "N", "NS", "B", "BS", "BOOL", "NULL", "L", "M"];

/**
 * Replaces the placeholders, and checks what depends on them. AWS goes through the simple conditions
 * from left to right, and reports of the first with a problem: an undefined placeholder, then a wrong
 * number of operands, then equal operands, then a wrong type.
 */
export class ConditionBinder {
  readonly use = new PathUse();
  readonly #bindings: Placeholders;
  readonly #invalid: (problem: string) => Error;
  #undefined: string | undefined;
  #count: string | undefined;
  #distinct: string | undefined;
  #type: string | undefined;

  /** `invalid` makes the error that says what the problem is. */
  constructor(bindings: Placeholders, invalid: (problem: string) => Error) {
    this.#bindings = bindings;
    this.#invalid = invalid;
  }

  bind(syntax: ConditionSyntax): Predicate {
    switch (syntax.kind) {
      case "and":
      case "or":
        return { kind: syntax.kind, terms: syntax.terms.map((term) => this.bind(term)) };
      case "not":
        return { kind: "not", term: this.bind(syntax.term) };
      case "compare":
      case "between":
      case "in":
      case "function": {
        const predicate = this.#bindSimple(syntax);
        const problem = this.#undefined ?? this.#count ?? this.#distinct ?? this.#type;
        if (problem !== undefined) throw this.#invalid(problem);
        return predicate;
      }
    }
  }

  #bindSimple(syntax: Exclude<ConditionSyntax, { kind: "and" | "or" | "not" }>): Predicate {
    switch (syntax.kind) {
      case "compare": {
        const left = this.#operand(syntax.left);
        const right = this.#operand(syntax.right);
        this.#checkDistinct(syntax.operator, left, [right]);
        if (syntax.operator !== "=" && syntax.operator !== "<>") {
          this.#checkTypes(syntax.operator, [left, right], orderedTypes);
        }
        return { kind: "compare", operator: syntax.operator, left, right };
      }
      case "between": {
        const value = this.#operand(syntax.value);
        const low = this.#operand(syntax.low);
        const high = this.#operand(syntax.high);
        this.#checkTypes("BETWEEN", [value, low, high], orderedTypes);
        this.#checkBounds(low, high);
        return { kind: "between", value, low, high };
      }
      case "in": {
        const value = this.#operand(syntax.value);
        const candidates = syntax.candidates.map((candidate) => this.#operand(candidate));
        this.#checkDistinct("IN", value, candidates);
        if (candidates.length > maximumCandidates) {
          this.#type ??= `The IN operator is provided with too many operands; number of operands: ${candidates.length}`;
        }
        return { kind: "in", value, candidates };
      }
      case "function": {
        const operands = this.#functionOperands(syntax);
        return { kind: "function", name: syntax.name as FunctionName, operands };
      }
    }
  }

  #operand(syntax: OperandSyntax): Operand {
    switch (syntax.kind) {
      case "path": {
        const { path, problem } = resolvePath(syntax, this.#bindings);
        if (problem !== undefined) this.#undefined ??= problem;
        this.use.add(path);
        return { kind: "path", path };
      }
      case "value": {
        const value = this.#bindings.value(syntax.placeholder);
        if (value === undefined) this.#undefined ??= undefinedValue(syntax.placeholder);
        return { kind: "value", value: value ?? placeholderValue };
      }
      case "function":
        return { kind: "size", of: this.#functionOperands(syntax)[0]! };
    }
  }

  #functionOperands(syntax: FunctionSyntax): Operand[] {
    const operands = syntax.operands.map((operand) => this.#operand(operand));
    const name = syntax.name as FunctionName | "size";
    if (operands.length !== operandCounts[name]) {
      this.#count ??=
        "Incorrect number of operands for operator or function; " +
        `operator or function: ${name}, number of operands: ${operands.length}`;
    } else {
      this.#checkDistinct(name, operands[0]!, operands.slice(1));
      this.#checkFunctionTypes(name, operands);
    }
    return operands;
  }

  #checkFunctionTypes(name: FunctionName | "size", operands: Operand[]): void {
    switch (name) {
      case "attribute_exists":
      case "attribute_not_exists":
        if (operands[0]!.kind !== "path") {
          this.#type ??= `Operator or function requires a document path; operator or function: ${name}`;
        }
        return;
      case "attribute_type":
        this.#checkTypeName(operands[1]!);
        return;
      case "begins_with":
        this.#checkTypes(name, operands, ["S", "B"]);
        return;
      case "size": {
        const type = staticType(operands[0]!);
        if (type !== undefined && typesWithoutSize.includes(type)) this.#wrongType(name, type);
        return;
      }
      case "contains":
    }
  }

  #checkTypeName(operand: Operand): void {
    const type = staticType(operand);
    if (operand.kind !== "value" || type !== "S") {
      this.#wrongType("attribute_type", type ?? anyType);
    } else if (!attributeTypes.includes(operand.value.S ?? "")) {
      this.#type ??= `Invalid attribute type name found; type: ${operand.value.S}, valid types: {${attributeTypes.join(",")}}`;
    }
  }

  #checkTypes(name: string, operands: Operand[], allowed: readonly AttributeType[]): void {
    for (const operand of operands) {
      const type = staticType(operand);
      if (type !== undefined && !allowed.includes(type)) this.#wrongType(name, type);
    }
  }

  #wrongType(name: string, type: string): void {
    this.#type ??=
      "Incorrect operand type for operator or function; " +
      `operator or function: ${name}, operand type: ${type}`;
  }

  #checkDistinct(name: string, first: Operand, others: Operand[]): void {
    if (first.kind !== "path") return;
    for (const other of others) {
      if (other.kind === "path" && pathsEqual(first.path, other.path)) {
        this.#distinct ??=
          "The first operand must be distinct from the remaining operands for this operator or function; " +
          `operator: ${name}, first operand: ${showPath(first.path)}`;
      }
    }
  }

  #checkBounds(low: Operand, high: Operand): void {
    if (low.kind !== "value" || high.kind !== "value") return;
    if (low.value === placeholderValue || high.value === placeholderValue) return;
    const bounds =
      `lower bound operand: AttributeValue: ${showValue(low.value)}, ` +
      `upper bound operand: AttributeValue: ${showValue(high.value)}`;
    if (typeOf(low.value) !== typeOf(high.value)) {
      this.#type ??= `The BETWEEN operator requires same data type for lower and upper bounds; ${bounds}`;
    } else if ((compareValues(low.value, high.value) ?? 0) > 0) {
      this.#type ??= `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ${bounds}`;
    }
  }
}

/** Stands for an undefined value until the problem is reported. */
const placeholderValue: AttributeValue = {};

/** What AWS calls the type of a path. */
const anyType = `{${attributeTypes.join(",")},HD,DOUBLE,FLOAT,HDS,FS,DOUBLESET,DICT,DECIMAL,INT,DECIMALSET,INTSET}`;

/** The type that an operand has whatever the item; a path has none. */
function staticType(operand: Operand): AttributeType | undefined {
  if (operand.kind === "size") return "N";
  if (operand.kind === "path" || operand.value === placeholderValue) return undefined;
  return typeOf(operand.value);
}

function showValue(value: AttributeValue): string {
  const type = typeOf(value);
  const content = value[type];
  return `{${type}:${typeof content === "string" ? content : JSON.stringify(content)}}`;
}
