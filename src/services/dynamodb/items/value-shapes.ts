import type { AttributeValue, Item } from "./attribute-values.ts";
import { SerializationProblem } from "../validation-problem.ts";

/*
 * What AWS's JSON parser says of a member of an attribute value that has the wrong JSON type. Each
 * `as…` returns the content, or throws a SerializationProblem.
 */

export function asString(content: unknown): string {
  if (typeof content === "string") return content;
  throw notConvertible(content, "java.lang.String");
}

/** Canonical base64: the right length, alphabet and padding, and no bits left over. */
export function asBase64(content: unknown): string {
  if (typeof content !== "string") throw notConvertible(content, "java.nio.ByteBuffer");
  if (content.length % 4 !== 0) {
    throw new SerializationProblem(
      `Base64 encoded length is expected a multiple of 4 bytes but found: ${content.length}`,
    );
  }
  if (Buffer.from(content, "base64").toString("base64") === content) return content;
  const bad = /[^a-zA-Z0-9+/=]/.exec(content);
  throw new SerializationProblem(
    bad === null
      ? "Invalid last non-pad Base64 character dectected"
      : `Invalid Base64 character: '${bad[0]}'`,
  );
}

export function asBoolean(content: unknown): boolean {
  if (typeof content === "boolean") return content;
  throw typeof content === "string"
    ? new SerializationProblem("Unexpected token received from parser")
    : notConvertible(content, "java.lang.Boolean");
}

export function asList(content: unknown): unknown[] {
  if (Array.isArray(content)) return content;
  throw typeof content === "object"
    ? new SerializationProblem(structureFound)
    : new SerializationProblem("Unexpected field type");
}

export function asMap(content: unknown): Item {
  if (typeof content === "object" && !Array.isArray(content)) return content as Item;
  throw new SerializationProblem(
    typeof content === "object"
      ? `Unrecognized collection type java.util.Map<java.lang.String, ${attributeValueClass}>`
      : "Unexpected field type",
  );
}

const attributeValueClass = "com.amazonaws.dynamodb.v20120810.AttributeValue";
const structureFound = "Start of structure or map found where not expected";

export function notAStructure(value: unknown): SerializationProblem {
  return new SerializationProblem(
    Array.isArray(value)
      ? `Unrecognized collection type class ${attributeValueClass}`
      : "Unexpected value type in payload",
  );
}

function notConvertible(content: unknown, javaClass: string): SerializationProblem {
  if (Array.isArray(content)) {
    return new SerializationProblem(`Unrecognized collection type class ${javaClass}`);
  }
  if (typeof content === "object" && content !== null) {
    return new SerializationProblem(structureFound);
  }
  if (javaClass === "java.nio.ByteBuffer") {
    return new SerializationProblem("only base-64-encoded strings are convertible to bytes");
  }
  const target = javaClass.slice("java.lang.".length);
  return new SerializationProblem(`${jsonToken(content)} cannot be converted to ${target}`);
}

function jsonToken(content: unknown): string {
  if (content === true) return "TRUE_VALUE";
  if (content === false) return "FALSE_VALUE";
  if (content === null) return "NULL_VALUE";
  return Number.isInteger(content) ? "NUMBER_VALUE" : "DECIMAL_VALUE";
}

/** Throws a SerializationProblem if any member has the wrong JSON type; validates nothing else. */
export function checkShapes(item: Item): void {
  for (const value of Object.values(item)) checkShape(value);
}

export function checkShape(value: AttributeValue | null | undefined): void {
  if (value === null || value === undefined) return;
  if (typeof value !== "object" || Array.isArray(value)) throw notAStructure(value);
  for (const [type, content] of Object.entries(value) as [string, unknown][]) {
    if (content === null) continue;
    if (type === "S" || type === "N") asString(content);
    else if (type === "B") asBase64(content);
    else if (type === "BOOL" || type === "NULL") asBoolean(content);
    else if (type === "SS" || type === "NS") asList(content).forEach(asString);
    else if (type === "BS") asList(content).forEach(asBase64);
    else if (type === "M") checkShapes(asMap(content));
    else if (type === "L") {
      for (const element of asList(content)) checkShape(element as AttributeValue | null);
    }
  }
}
