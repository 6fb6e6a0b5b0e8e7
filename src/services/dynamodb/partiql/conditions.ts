import { typeOf } from "../items/attribute-values.ts";
import type { AttributeValue } from "../items/attribute-values.ts";
import { ConditionBinder } from "../expressions/bind-condition.ts";
import type { Placeholders } from "../expressions/bindings.ts";
import { Condition } from "../expressions/condition.ts";
import type {
  Comparator,
  ConditionSyntax,
  OperandSyntax,
  PathSyntax,
} from "../expressions/syntax.ts";
import { misusedFunction } from "../expressions/token-stream.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { aggregates } from "./keywords.ts";
import { pathOf } from "./paths.ts";
import { unsupported } from "./problems.ts";
import type { Expression } from "./syntax.ts";
import { isValue, type Parameters, valueOf } from "./values.ts";

/**
 * The condition that an expression of a WHERE clause stands for. It is put into the words of condition expressions,
 * whose binder then says what is wrong with operands, as at AWS.
 */
export function conditionOf(expression: Expression, parameters: Parameters): Condition {
  const writer = new ConditionWriter(parameters);
  const syntax = writer.condition(
    expression,
    "WHERE clause must contain an expression that resolves to a boolean",
    undefined,
  );
  const binder = new ConditionBinder(writer, (problem) => new ValidationProblem(problem));
  return new Condition(binder.bind(syntax), binder.use);
}

const functions: ReadonlySet<string> = new Set([
  "attribute_exists",
  "attribute_not_exists",
  "attribute_type",
  "begins_with",
  "contains",
]);

const comparators: ReadonlySet<string> = new Set(["=", "<>", "<", "<=", ">", ">="]);

/** What `IS` asks for, as a type of DynamoDB. */
const testedTypes: Readonly<Record<string, string>> = {
  NULL: "NULL",
  BOOLEAN: "BOOL",
  BLOB: "B",
  STRING: "S",
  NUMERIC: "N",
  STRUCT: "M",
  TUPLE: "M",
  LIST: "L",
};

class ConditionWriter implements Placeholders {
  readonly #parameters: Parameters;
  readonly #values: AttributeValue[] = [];
  readonly #names: string[] = [];

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
  }

  name(placeholder: string): string | undefined {
    return this.#names[Number(placeholder.slice(1))];
  }

  value(placeholder: string): AttributeValue | undefined {
    return this.#values[Number(placeholder.slice(1))];
  }

  /** `otherwise`: the message if it is no condition; `operator`: what it is an operand of. */
  condition(
    expression: Expression,
    otherwise: string,
    operator: string | undefined,
  ): ConditionSyntax {
    switch (expression.kind) {
      case "binary":
        return this.#binary(expression);
      case "between":
        return {
          kind: "between",
          value: this.#operand(expression.value),
          low: this.#operand(expression.low),
          high: this.#operand(expression.high),
        };
      case "is":
        return this.#typeTest(expression);
      case "unary": {
        if (expression.operator !== "not") throw unsupportedOperator(expression.operator);
        const message = "The argument to NOT must be a Type or Expression";
        return { kind: "not", term: this.condition(expression.operand, message, "NOT") };
      }
      case "call":
        if (expression.name !== "size") return this.#call(expression);
        if (operator === undefined) throw new ValidationProblem(otherwise);
        this.#operand(expression);
        throw new ValidationProblem(
          `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: N`,
        );
      default:
        refuseStatement(expression);
        throw new ValidationProblem(otherwise);
    }
  }

  #binary(expression: Extract<Expression, { kind: "binary" }>): ConditionSyntax {
    const { operator, left, right } = expression;
    if (operator === "and" || operator === "or") {
      const message = "The arguments to AND/OR must be Expressions";
      const terms = operandsOf(operator, expression).map((term) =>
        this.condition(term, message, operator.toUpperCase()),
      );
      return { kind: operator, terms };
    }
    if (operator === "in") return this.#in(left, right);
    if (!comparators.has(operator)) throw unsupportedOperator(operator);
    const comparator = operator as Comparator;
    const isLeftCondition = isCondition(left);
    if (isLeftCondition || isCondition(right)) {
      return isLeftCondition
        ? this.#compareCondition(left, comparator, right)
        : this.#compareCondition(right, comparator, left);
    }
    return {
      kind: "compare",
      operator: comparator,
      left: this.#operand(left),
      right: this.#operand(right),
    };
  }

  /** `contains(a, b) = true` and its like. */
  #compareCondition(
    condition: Expression,
    operator: Comparator,
    other: Expression,
  ): ConditionSyntax {
    if (operator !== "=" && operator !== "<>") {
      throw new ValidationProblem(
        `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: BOOL`,
      );
    }
    const term = this.condition(condition, "", undefined);
    const not: ConditionSyntax = { kind: "not", term };
    let equal: ConditionSyntax;
    if (isCondition(other)) {
      const second = this.condition(other, "", undefined);
      const neither: ConditionSyntax = { kind: "not", term: { kind: "or", terms: [term, second] } };
      equal = { kind: "or", terms: [{ kind: "and", terms: [term, second] }, neither] };
    } else if (isValue(other)) {
      const value = valueOf(other, this.#parameters);
      if (typeOf(value) !== "BOOL") equal = { kind: "and", terms: [term, not] };
      else equal = value.BOOL === true ? term : not;
    } else {
      const path = this.#operand(other);
      const is = (wanted: boolean): ConditionSyntax => ({
        kind: "compare",
        operator: "=",
        left: path,
        right: this.#value({ BOOL: wanted }),
      });
      equal = {
        kind: "or",
        terms: [
          { kind: "and", terms: [term, is(true)] },
          { kind: "and", terms: [not, is(false)] },
        ],
      };
    }
    return operator === "=" ? equal : { kind: "not", term: equal };
  }

  #in(left: Expression, right: Expression): ConditionSyntax {
    if ((right.kind !== "list" && right.kind !== "bag") || right.elements.length === 0) {
      throw new ValidationProblem(
        "IN operator must have a left hand argument of type Variable Reference " +
          "and right hand argument of type Seq with at least one member",
      );
    }
    return {
      kind: "in",
      value: this.#operand(left),
      candidates: right.elements.map((element) => this.#operand(element)),
    };
  }

  #typeTest({ value, type, place }: Extract<Expression, { kind: "is" }>): ConditionSyntax {
    if (value.kind !== "name" && value.kind !== "path" && !isValue(value)) {
      throw new ValidationProblem(
        "The left hand side argument to IS must be a Variable Reference, Literal, or Path",
      );
    }
    const operand = this.#operand(value);
    if (type === "MISSING") {
      return { kind: "function", name: "attribute_not_exists", operands: [operand] };
    }
    const wanted = testedTypes[type];
    if (wanted === undefined) {
      throw unsupported(
        `Unsupported data type for IS operator: ${type}. Supported data types are ` +
          "[MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]",
        place,
      );
    }
    const operands = [operand, this.#value({ S: wanted })];
    return { kind: "function", name: "attribute_type", operands };
  }

  #call({ name, operands, place }: Extract<Expression, { kind: "call" }>): ConditionSyntax {
    for (const operand of operands) refuseStatement(operand);
    if (aggregates.has(name)) throw unsupported(`Unsupported token in expression: ${name}`, place);
    if (!functions.has(name)) throw unsupported(`Unrecognized function: ${name}`, place);
    return { kind: "function", name, operands: operands.map((operand) => this.#operand(operand)) };
  }

  #operand(expression: Expression): OperandSyntax {
    if (isValue(expression)) return this.#value(valueOf(expression, this.#parameters));
    switch (expression.kind) {
      case "name":
      case "path":
        return this.#path(expression);
      case "missing":
        throw new ValidationProblem("MISSING must be compared using IS operator");
      case "call":
        if (expression.name !== "size") {
          this.#call(expression);
          throw new ValidationProblem(misusedFunction(expression.name));
        }
        return {
          kind: "function",
          name: "size",
          operands: expression.operands.map((operand) => this.#operand(operand)),
        };
      case "unary":
      case "binary":
        throw unsupportedOperator(expression.operator);
      case "between":
      case "is":
        throw unsupportedOperator(expression.kind);
      default:
        refuseStatement(expression);
        throw unsupported("Unexpected path component", expression.place);
    }
  }

  #value(value: AttributeValue): OperandSyntax {
    return { kind: "value", placeholder: `:${this.#values.push(value) - 1}` };
  }

  /** Names that look like placeholders go in by a placeholder. */
  #path(expression: Expression): PathSyntax {
    const elements = pathOf(expression).map((element) =>
      typeof element === "string" && element.startsWith("#")
        ? `#${this.#names.push(element) - 1}`
        : element,
    );
    return { kind: "path", elements };
  }
}

/** The operands of a chain of the same operator, from left to right. */
export function operandsOf(operator: "and" | "or", expression: Expression): Expression[] {
  const operands: Expression[] = [];
  const waiting = [expression];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.kind === "binary" && next.operator === operator) waiting.push(next.right, next.left);
    else operands.push(next);
  }
  return operands;
}

/** Whether it says true or false by itself. */
function isCondition(expression: Expression): boolean {
  switch (expression.kind) {
    case "between":
    case "is":
      return true;
    case "unary":
      return expression.operator === "not";
    case "binary":
      return (
        ["and", "or", "in"].includes(expression.operator) || comparators.has(expression.operator)
      );
    case "call":
      return expression.name !== "size";
    default:
      return false;
  }
}

function unsupportedOperator(operator: string): ValidationProblem {
  return new ValidationProblem(
    `Unsupported operator in Condition Expression. Operator: ${operator}`,
  );
}

function refuseStatement({ kind, place }: Expression): void {
  if (kind === "select") throw unsupported("Unsupported token in expression: SELECT", place);
  if (kind === "change" || kind === "insert" || kind === "other") {
    throw unsupported("Unsupported token in expression: DML", place);
  }
}
