import type { PreparedStatementParameters } from "#models/dynamodb.ts";
import type { Item } from "../items/attribute-values.ts";
import type { Condition } from "../expressions/condition.ts";
import type { Update } from "../expressions/update.ts";
import { checkItem, checkItemBytes, checkValue } from "../items/item-size.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { conditionOf } from "./conditions.ts";
import { unsupported } from "./problems.ts";
import { type Output, outputOf } from "./output.ts";
import { parsedStatement } from "./statement-cache.ts";
import type {
  ChangeSyntax,
  Expression,
  InsertSyntax,
  Returning,
  SelectSyntax,
  Source,
} from "./syntax.ts";
import { updateOf } from "./updates.ts";
import { itemOf, type Parameters, typeName } from "./values.ts";

/** A statement with its parameters, checked as far as that is possible without the table. */
export type Statement = Select | Exists | Insert | Change;

export interface Select {
  readonly kind: "select";
  readonly tableName: string;
  readonly indexName: string | undefined;
  /** Undefined: whole items. */
  readonly output: Output | undefined;
  readonly where: Condition | undefined;
  readonly order: readonly { readonly name: string; readonly isDescending: boolean }[];
}

/** `EXISTS(SELECT ...)`: a condition of a transaction. */
export interface Exists {
  readonly kind: "exists";
  readonly tableName: string;
  readonly select: Select;
}

export interface Insert {
  readonly kind: "insert";
  readonly tableName: string;
  readonly item: Item;
  readonly sizeBytes: number;
}

export interface Change {
  readonly kind: "change";
  readonly tableName: string;
  /** Undefined: DELETE. */
  readonly update: Update | undefined;
  readonly where: Condition | undefined;
  readonly returning: Returning["what"] | undefined;
}

interface Prepared {
  readonly Statement: string;
  readonly Parameters?: PreparedStatementParameters | undefined;
}

/** Throws a ValidationProblem if the statement is none, or none of DynamoDB's. */
export function statementOf({ Statement: text, Parameters: given = [] }: Prepared): Statement {
  const { expression, parameterCount } = parsedStatement(text);
  for (const value of given) checkValue(value);
  if (parameterCount > given.length) {
    throw new ValidationProblem("Number of parameters in request and statement don't match.");
  }
  switch (expression.kind) {
    case "select":
      return selectOf(expression, given);
    case "insert":
      return insertOf(expression, given);
    case "change":
      return changeOf(expression, given);
    case "call": {
      const [operand] = expression.operands;
      if (expression.name !== "exists" || operand?.kind !== "select") break;
      const select = selectOf(operand, given);
      return { kind: "exists", tableName: select.tableName, select };
    }
    default:
  }
  throw new ValidationProblem(`Unsupported operation: ${operationName(expression)}`);
}

function operationName(expression: Expression): string {
  switch (expression.kind) {
    case "other":
      return expression.name;
    case "is":
      return "IsType";
    case "string":
    case "number":
    case "boolean":
    case "null":
      return "Literal";
    default:
      return typeName(expression);
  }
}

function selectOf(syntax: SelectSyntax, parameters: Parameters): Select {
  if (syntax.isValue) {
    throw new ValidationProblem("Select projection doesn't support value or pivot keywords");
  }
  if (syntax.isDistinct) throw unsupported("Unsupported token in expression: DISTINCT");
  if (syntax.clause !== undefined) {
    throw unsupported(`Unsupported clause: ${syntax.clause.name}`, syntax.clause.place);
  }
  const { tableName, indexName } = sourceOf(syntax.source);
  return {
    kind: "select",
    tableName,
    indexName,
    output: syntax.projection === undefined ? undefined : outputOf(syntax.projection),
    where: syntax.where === undefined ? undefined : conditionOf(syntax.where, parameters),
    order: orderOf(syntax),
  };
}

function orderOf({ order, where }: SelectSyntax): Select["order"] {
  if (order.length > 0 && where === undefined) {
    throw new ValidationProblem(
      "Must have WHERE clause in the statement when using ORDER BY clause.",
    );
  }
  return order.map(({ by, isDescending }) => {
    if (by.kind !== "name") {
      const type = by.kind === "path" ? "PATH" : typeName(by);
      throw new ValidationProblem(
        `Argument to ORDER BY must be of type VariableReference. Type: ${type}`,
      );
    }
    return { name: by.name, isDescending };
  });
}

interface TableOrIndex {
  readonly tableName: string;
  readonly indexName: string | undefined;
}

function sourceOf({ expression, isAliased, isJoin }: Source): TableOrIndex {
  if (isJoin) {
    throw new ValidationProblem("Only select from a single table or index is supported.");
  }
  if (isAliased) throw new ValidationProblem("Aliasing is not supported");
  if (expression.kind === "name") {
    return { tableName: tableNamed(expression.name), indexName: undefined };
  }
  if (expression.kind !== "path" || expression.root.kind !== "name") {
    throw new ValidationProblem("Unexpected from source");
  }
  const { steps } = expression;
  if (steps.length > 1) {
    throw new ValidationProblem("A path may contain at most 2 components in the FROM clause");
  }
  const step = steps[0]!;
  if (step.kind !== "name") throw new ValidationProblem("Invalid list expression in source.");
  if (step.name === "") throw emptyName();
  return { tableName: tableNamed(expression.root.name), indexName: step.name };
}

function tableNamed(name: string): string {
  if (name === "") throw emptyName();
  if (name.startsWith("arn:") || /^[a-zA-Z0-9_.-]{3,255}$/.test(name)) return name;
  throw new ValidationProblem(
    "Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', '-', '_', '.'.",
  );
}

function emptyName(): ValidationProblem {
  return new ValidationProblem("Path component cannot be an empty string");
}

function insertOf(syntax: InsertSyntax, parameters: Parameters): Insert {
  if (!syntax.isSingle) throw new ValidationProblem("Unsupported operation: InsertOp");
  if (syntax.hasConflictClause) throw unsupported("Unsupported clause: ON CONFLICT");
  if (syntax.hasPosition) throw unsupported("Unsupported clause: AT");
  if (syntax.returning.length > 0) {
    throw new ValidationProblem("RETURNING is not supported in INSERT");
  }
  if (syntax.target.kind !== "name") {
    throw new ValidationProblem(
      "FROM clause may only contain a single table name in data manipulation statements",
    );
  }
  const tableName = tableNamed(syntax.target.name);
  const item = itemOf(syntax.value, parameters);
  const sizeBytes = checkItem(item);
  checkItemBytes(sizeBytes);
  return { kind: "insert", tableName, item, sizeBytes };
}

function changeOf(syntax: ChangeSyntax, parameters: Parameters): Change {
  const inserted = syntax.actions.find((action) => action.kind === "insert");
  if (inserted !== undefined) {
    throw syntax.actions.length > 1
      ? new ValidationProblem(
          "Only SET and REMOVE are supported in update expressions at this time",
        )
      : unsupported("Unsupported FROM ... WHERE ... clause in INSERT statement.", syntax.place);
  }
  const { tableName, indexName } = sourceOf(syntax.source);
  if (indexName !== undefined) {
    throw new ValidationProblem("This operation is not supported on an index");
  }
  const isUpdate = syntax.actions.length > 0;
  const returning = returningOf(syntax.returning, isUpdate);
  return {
    kind: "change",
    tableName,
    update: isUpdate ? updateOf(syntax.actions, parameters) : undefined,
    where: syntax.where === undefined ? undefined : conditionOf(syntax.where, parameters),
    returning,
  };
}

function returningOf(elements: readonly Returning[], isUpdate: boolean): Change["returning"] {
  const [first, ...others] = elements;
  if (first === undefined) return undefined;
  if (others.length > 0) {
    throw new ValidationProblem(
      "Invalid syntax with multiple returning elements in RETURNING clause",
    );
  }
  if (!first.isAllColumns) {
    throw new ValidationProblem(
      "Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause",
    );
  }
  if (!isUpdate && first.what !== "ALL OLD") {
    throw new ValidationProblem(
      `Invalid returning clause: RETURNING ${first.what} *. Only RETURNING ALL OLD * is allowed in DELETE statements.`,
    );
  }
  return first.what;
}
