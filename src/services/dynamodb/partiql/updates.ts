import { typeOf } from "../items/attribute-values.ts";
import type { AttributeType } from "../items/attribute-values.ts";
import { type Path, pathCollision, pathsEqual, PathUse } from "../expressions/paths.ts";
import { type NewValue, Update, type UpdateAction } from "../expressions/update.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { pathOf } from "./paths.ts";
import { unsupported } from "./problems.ts";
import type { ActionSyntax, Expression } from "./syntax.ts";
import { isValue, type Parameters, valueOf } from "./values.ts";

/** What the SET and REMOVE clauses of an UPDATE ask for. */
export function updateOf(actions: readonly ActionSyntax[], parameters: Parameters): Update {
  const reader = new UpdateReader(parameters);
  const updates = actions.map((action) => reader.action(action));
  const collision = pathCollision(updates.map(({ path }) => path));
  if (collision !== undefined) throw new ValidationProblem(collision);
  return new Update(updates, reader.use);
}

/** Functions that are known, but only as conditions. */
const conditionFunctions: ReadonlySet<string> = new Set([
  "attribute_exists",
  "attribute_not_exists",
  "attribute_type",
  "begins_with",
  "contains",
  "size",
]);

class UpdateReader {
  readonly use = new PathUse();
  readonly #parameters: Parameters;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
  }

  action(syntax: ActionSyntax): UpdateAction {
    if (syntax.kind === "insert") throw new TypeError("an INSERT within an UPDATE");
    const path = this.#path(syntax.path);
    if (syntax.kind === "remove") return { kind: "remove", path };
    const { value } = syntax;
    if (value.kind === "call" && (value.name === "set_add" || value.name === "set_delete")) {
      return this.#setAction(path, value);
    }
    return { kind: "set", path, value: this.#newValue(value) };
  }

  /** `a = set_add(a, <<...>>)`: of members of a set that is already there, or not yet. */
  #setAction(path: Path, call: Extract<Expression, { kind: "call" }>): UpdateAction {
    const shown = call.name.toUpperCase();
    const [first, second, ...others] = call.operands;
    if (first === undefined || second === undefined || others.length > 0) {
      throw unsupported(`${shown} must have exactly two arguments`, call.place);
    }
    const isSame =
      (first.kind === "name" || first.kind === "path") && pathsEqual(pathOf(first), path);
    if (!isSame) {
      throw unsupported(
        `The first argument to ${shown} must equal the assignment value`,
        call.place,
      );
    }
    const value = isValue(second) ? valueOf(second, this.#parameters) : undefined;
    const type = value === undefined ? undefined : typeOf(value);
    if (value === undefined || (type !== "SS" && type !== "NS" && type !== "BS")) {
      throw unsupported(
        `The second argument to ${shown} must be a value with type SET`,
        first.place,
      );
    }
    return { kind: call.name === "set_add" ? "add" : "delete", path, value };
  }

  #newValue(expression: Expression): NewValue {
    if (isValue(expression)) {
      return { kind: "value", value: valueOf(expression, this.#parameters) };
    }
    switch (expression.kind) {
      case "name":
      case "path":
        return { kind: "path", path: this.#path(expression) };
      case "missing":
        throw new ValidationProblem("MISSING must be compared using IS operator");
      case "call":
        return this.#call(expression);
      case "binary": {
        const { operator } = expression;
        if (operator !== "+" && operator !== "-") throw unsupportedOperator(operator);
        const left = this.#newValue(expression.left);
        const right = this.#newValue(expression.right);
        checkOperands(operator, [left, right], "N");
        return { kind: "sum", operator, left, right };
      }
      case "unary":
        if (expression.operator === "not") throw unsupportedOperator("not");
        throw wrongCount(expression.operator, 1);
      case "between":
        throw unsupportedOperator("between");
      case "is":
        throw new ValidationProblem("IS operator is not supported in update expressions");
      default:
        throw unsupported("Unsupported token in expression: SELECT", expression.place);
    }
  }

  #call({ name, operands, place }: Extract<Expression, { kind: "call" }>): NewValue {
    if (conditionFunctions.has(name)) {
      throw new ValidationProblem(
        `The function is not allowed in an update expression; function: ${name}`,
      );
    }
    if (name !== "list_append" && name !== "if_not_exists") {
      throw unsupported(`Unrecognized function: ${name}`, place);
    }
    const [left, right, ...others] = operands.map((operand) => this.#newValue(operand));
    if (left === undefined || right === undefined || others.length > 0) {
      throw wrongCount(name, operands.length);
    }
    if (name === "list_append") {
      checkOperands(name, [left, right], "L");
      return { kind: "list_append", left, right };
    }
    if (left.kind !== "path") {
      throw new ValidationProblem(
        `Operator or function requires a document path; operator or function: ${name}`,
      );
    }
    return { kind: "if_not_exists", path: left.path, otherwise: right };
  }

  #path(expression: Expression): Path {
    const path = pathOf(expression);
    this.use.add(path);
    return path;
  }
}

function checkOperands(name: string, operands: NewValue[], expected: AttributeType): void {
  for (const operand of operands) {
    const type = typeOfOperand(operand);
    if (type === undefined || type === expected) continue;
    throw new ValidationProblem(
      `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
    );
  }
}

function typeOfOperand(operand: NewValue): AttributeType | undefined {
  if (operand.kind === "value") return typeOf(operand.value);
  if (operand.kind === "list_append") return "L";
  return operand.kind === "sum" ? "N" : undefined;
}

function wrongCount(name: string, count: number): ValidationProblem {
  return new ValidationProblem(
    `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${count}`,
  );
}

function unsupportedOperator(operator: string): ValidationProblem {
  return new ValidationProblem(`Unsupported operator in Update Expression. Operator: ${operator}`);
}
