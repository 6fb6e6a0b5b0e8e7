import { setAttribute } from "../items/attribute-values.ts";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { normalizeNumber } from "../items/numbers.ts";
import { orderNumbers, orderStrings } from "../items/set-members.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { unsupported } from "./problems.ts";
import type { Expression, Field } from "./syntax.ts";

/** What the `?` of a statement stand for, in order. Checked and normalized (parameters.ts). */
export type Parameters = readonly AttributeValue[];

/** Whether an expression is written as a value: then `valueOf` gives it, or says what is wrong with it. */
export function isValue({ kind }: Expression): boolean {
  switch (kind) {
    case "string":
    case "number":
    case "boolean":
    case "null":
    case "ion":
    case "parameter":
    case "list":
    case "bag":
    case "struct":
      return true;
    default:
      return false;
  }
}

/** The value that a literal or parameter stands for. */
export function valueOf(expression: Expression, parameters: Parameters): AttributeValue {
  if (expression.kind === "parameter") return parameters[expression.position]!;
  return literal(expression, [], false);
}

/** The item of an INSERT, whose attributes may be parameters; parameters further down are refused. */
export function itemOf(expression: Expression, parameters: Parameters): Item {
  if (expression.kind !== "struct") {
    throw unsupported(
      "Unsupported format in item expression. Please use struct format {...} to express item values for insert statement.",
      expression.place,
    );
  }
  return entries(expression.fields, [], (field) =>
    field.kind === "parameter" ? parameters[field.position]! : literal(field, [], true),
  );
}

type Trail = readonly (string | number)[];

function entries(
  fields: readonly Field[],
  trail: Trail,
  read: (value: Expression, name: string) => AttributeValue,
): Item {
  const item: Item = {};
  for (const { name, value } of fields) {
    if (name.kind !== "string") {
      throw unsupported(
        `Tuple keys must be of type String. Actual type: ${typeName(name)} under ${dotted(trail)}`,
        name.place,
      );
    }
    if (name.text === "") throw new ValidationProblem("Path component cannot be an empty string");
    if (Object.hasOwn(item, name.text)) {
      throw unsupported(
        `Duplicate keys in tuple. Key: ${name.text} under ${dotted(trail)}`,
        name.place,
      );
    }
    setAttribute(item, name.text, read(value, name.text));
  }
  return item;
}

/** `isAttribute`: of an INSERT, where messages name what they find. */
function literal(expression: Expression, trail: Trail, isAttribute: boolean): AttributeValue {
  switch (expression.kind) {
    case "string":
      return { S: expression.text };
    case "number":
      return { N: numberOf(expression.text, trail) };
    case "boolean":
      return { BOOL: expression.value };
    case "null":
      return { NULL: true };
    case "list":
      return {
        L: expression.elements.map((element, at) => literal(element, [...trail, at], false)),
      };
    case "struct":
      return {
        M: entries(expression.fields, trail, (field, name) =>
          literal(field, [...trail, name], false),
        ),
      };
    case "bag":
      return setOf(expression.elements, trail);
    case "ion":
      throw unsupported(
        `Ion Literals are not supported: ${ionType(expression.text)} under key ${dotted(trail)}`,
        expression.place,
      );
    default: {
      const name = isAttribute ? shownName(expression) : typeName(expression);
      const place = name === "Path" ? undefined : expression.place;
      throw unsupported(`Unsupported data type: ${name} under key ${dotted(trail)}`, place);
    }
  }
}

function numberOf(text: string, trail: Trail): string {
  try {
    return normalizeNumber(text);
  } catch (problem) {
    if (!(problem instanceof ValidationProblem)) throw problem;
    throw new ValidationProblem(`${problem.message} under ${indexed(trail)}`);
  }
}

function setOf(elements: readonly Expression[], trail: Trail): AttributeValue {
  const first = elements[0];
  if (first === undefined) throw new ValidationProblem("Empty bags are not supported");
  const members = elements.map((element) => {
    if (element.kind !== "string" && element.kind !== "number") {
      throw unsupported(wrongMember, element.place);
    }
    if (element.kind !== first.kind) throw new ValidationProblem(wrongMember);
    return element.kind === "number" ? numberOf(element.text, trail) : element.text;
  });
  if (first.kind === "number") {
    orderNumbers(members);
    return { NS: members };
  }
  orderStrings(members);
  return { SS: members };
}

const wrongMember =
  "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags";

/** How messages about types show where something is. */
function dotted(trail: Trail): string {
  return ["root", ...trail].join(".");
}

/** How messages about numbers do. */
function indexed(trail: Trail): string {
  let shown = "root";
  for (const step of trail) shown += typeof step === "number" ? `[${step}]` : `.${step}`;
  return shown;
}

/** What messages call a kind of expression. */
export function typeName(expression: Expression): string {
  switch (expression.kind) {
    case "name":
      return "VariableReference";
    case "path":
      return "Path";
    case "parameter":
      return "Parameter";
    case "ion":
      return ionType(expression.text);
    case "number":
      return /^-?\d+$/.test(expression.text) ? "INT" : "DECIMAL";
    case "string":
      return "STRING";
    case "boolean":
      return "BOOL";
    case "null":
      return "NULL";
    case "missing":
      return "MISSING";
    case "list":
    case "bag":
      return "Seq";
    case "struct":
      return "Struct";
    default:
      return shownName(expression);
  }
}

function shownName(expression: Expression): string {
  switch (expression.kind) {
    case "name":
    case "call":
      return expression.name;
    case "unary":
    case "binary":
      return expression.operator;
    case "between":
      return "between";
    case "is":
      return "Typed";
    case "select":
      return "Select";
    case "change":
    case "insert":
    case "other":
      return "DataManipulation";
    default:
      return typeName(expression);
  }
}

function ionType(text: string): string {
  const trimmed = text.trim();
  if (/^\d{4}(-\d\d(-\d\d)?)?T/.test(trimmed)) return "TIMESTAMP";
  if (/^[+-]?\d+$/.test(trimmed)) return "INT";
  if (/^[+-]?\d+(\.\d*)?(d[+-]?\d+)?$/.test(trimmed)) return "DECIMAL";
  if (/^[+-]?\d+(\.\d*)?e[+-]?\d+$/.test(trimmed)) return "FLOAT";
  if (trimmed.startsWith('"')) return "STRING";
  if (trimmed.startsWith("{{")) return "BLOB";
  if (trimmed.startsWith("{")) return "STRUCT";
  if (trimmed.startsWith("[")) return "LIST";
  if (trimmed === "true" || trimmed === "false") return "BOOL";
  return trimmed === "null" ? "NULL" : "SYMBOL";
}
