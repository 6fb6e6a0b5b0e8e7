/**
 * Parsed JSON to typed input. The values are checked, and where the typed form differs converted, in place: nothing is
 * copied, and what the caller sent is walked, not what the model allows. Members that the model does not know stay
 * where they are, without a value. A null member is as good as absent.
 *
 * The messages are those of AWS's JSON reader as dynalite's tests have recorded them from DynamoDB.
 */
import { isUtf8 } from "node:buffer";
import { base64Problem } from "./base64.ts";
import { WireProblem } from "./protocol.ts";
import type { Member, ServiceModel, Shape } from "./shapes.ts";
import { fromEpochSeconds, parseTimestamp } from "./timestamps.ts";

// Deeper than what services look at themselves (DynamoDB refuses the 33rd level of two shapes each in its own words),
// shallower than our stack.
const deepestLevel = 500;

/** Reads a whole body into the typed form of `shape`. An empty body is an empty structure. */
export function decodeJsonBody(body: Buffer, shape: Shape, service: ServiceModel): unknown {
  const value = parseJson(body);
  return new JsonDecoder(service).decode(value, shape);
}

export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  // Otherwise broken bytes would silently become U+FFFD and be stored so.
  if (!isUtf8(body)) throw new WireProblem("SerializationException");
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return value;
  } catch {
    throw new WireProblem("SerializationException");
  }
}

export class JsonDecoder {
  readonly #service: ServiceModel;
  #level = 0;

  constructor(service: ServiceModel) {
    this.#service = service;
  }

  /** The typed form of a parsed value: the value itself, unless it is a scalar whose form differs. */
  decode(value: unknown, shape: Shape): unknown {
    return this.#check(value, shape, "root");
  }

  // `place` decides AWS's words for a scalar that stands where a structure, list or map should.
  #check(value: unknown, shape: Shape, place: "root" | "member" | "element"): unknown {
    switch (shape.type) {
      case "string":
        if (typeof value === "string") return value;
        throw wrongScalar(value, "String", "class java.lang.String");
      case "boolean":
        if (typeof value === "boolean") return value;
        if (typeof value === "string") throw problem("Unexpected token received from parser");
        throw wrongScalar(value, "Boolean", "class java.lang.Boolean");
      case "integer":
      case "long": {
        if (typeof value === "number") return Number.isInteger(value) ? value : Math.trunc(value);
        const name = shape.type === "integer" ? "Integer" : "Long";
        throw wrongScalar(value, name, `class java.lang.${name}`);
      }
      case "float":
      case "double":
        if (typeof value === "number") return value;
        return numberFromText(value, shape.type === "float" ? "Float" : "Double");
      case "structure":
        return this.#structure(value, shape, place);
      case "list":
        return this.#list(value, shape, place);
      case "map":
        return this.#map(value, shape, place);
      case "blob":
        return blob(value, shape.model.base64Text === true);
      case "timestamp":
        return timestamp(value);
      case "document":
        return value;
      default:
        return shape.type satisfies never;
    }
  }

  #structure(value: unknown, shape: Shape, place: "root" | "member" | "element"): unknown {
    if (!isObject(value)) {
      if (place === "member") throw problem("Unexpected field type");
      throw problem(
        place === "root"
          ? "Unexpected token received from parser"
          : "Unexpected value type in payload",
      );
    }
    if (Array.isArray(value))
      throw problem(`Unrecognized collection type class ${this.#className(shape)}`);
    this.#enter();
    for (const key in value) {
      const member = shape.byWireName.get(key);
      if (member === undefined) {
        // What the model does not know is gone, or a handler that serves several shapes could take it for its own.
        // In values that keep their wire form, services count the members and look at each.
        if (!shape.model.verbatim) value[key] = undefined;
        continue;
      }
      const before = value[key];
      if (before === null) {
        // In values that keep their wire form, services count the members: it must be gone.
        if (shape.model.verbatim) delete value[key];
        else value[key] = undefined;
        continue;
      }
      const after = member.model.jsonvalue
        ? jsonInText(before)
        : this.#check(before, member.shape, "member");
      if (after !== before || key !== member.name) setMember(value, key, member, after);
    }
    this.#level--;
    return value;
  }

  #list(value: unknown, shape: Shape, place: "root" | "member" | "element"): unknown {
    if (!Array.isArray(value)) {
      if (isObject(value)) throw problem("Start of structure or map found where not expected");
      throw problem(place === "element" ? nestedGeneric : "Unexpected field type");
    }
    const element = shape.element?.shape;
    if (!element) return value;
    this.#enter();
    const elements: unknown[] = value;
    for (let index = 0; index < elements.length; index++) {
      const before = elements[index];
      const after = before === null ? emptyOf(element) : this.#check(before, element, "element");
      if (after !== before) elements[index] = after;
    }
    this.#level--;
    return value;
  }

  #map(value: unknown, shape: Shape, place: "root" | "member" | "element"): unknown {
    const element = shape.element?.shape;
    if (!element) return value;
    if (!isObject(value))
      throw problem(place === "element" ? nestedGeneric : "Unexpected field type");
    if (Array.isArray(value)) {
      const of = element.type === "structure" ? this.#className(element) : javaClass[element.type];
      throw problem(`Unrecognized collection type java.util.Map<java.lang.String, ${of}>`);
    }
    this.#enter();
    for (const key in value) {
      const before = value[key];
      const after = before === null ? emptyOf(element) : this.#check(before, element, "element");
      if (after !== before) value[key] = after;
    }
    this.#level--;
    return value;
  }

  #enter(): void {
    if (++this.#level > deepestLevel)
      throw problem("Nesting Levels have exceeded supported limits");
  }

  #className(shape: Shape): string {
    const { metadata } = this.#service;
    const namespace =
      metadata.errorNamespace ??
      `com.amazonaws.${metadata.endpointPrefix}.v${metadata.apiVersion.replaceAll("-", "")}`;
    return `${namespace}.${shape.name}`;
  }
}

const nestedGeneric =
  "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class " +
  "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base " +
  "of loader 'bootstrap')";

const javaClass: Record<Shape["type"], string> = {
  structure: "java.lang.Object",
  list: "java.util.List",
  map: "java.util.Map",
  string: "java.lang.String",
  blob: "java.nio.ByteBuffer",
  timestamp: "java.util.Date",
  boolean: "java.lang.Boolean",
  integer: "java.lang.Integer",
  long: "java.lang.Long",
  float: "java.lang.Float",
  double: "java.lang.Double",
  document: "java.lang.Object",
};

const problem = (message: string): WireProblem =>
  new WireProblem("SerializationException", message);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

function wrongScalar(value: unknown, name: string, collection: string): WireProblem {
  if (Array.isArray(value)) return problem(`Unrecognized collection type ${collection}`);
  if (isObject(value)) return problem("Start of structure or map found where not expected");
  return problem(`${tokenOf(value)} cannot be converted to ${name}`);
}

function tokenOf(value: unknown): string {
  if (typeof value === "boolean") return value ? "TRUE_VALUE" : "FALSE_VALUE";
  if (typeof value === "number") return Number.isInteger(value) ? "NUMBER_VALUE" : "DECIMAL_VALUE";
  return "STRING_VALUE";
}

function numberFromText(value: unknown, name: string): number {
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  throw wrongScalar(value, name, `class java.lang.${name}`);
}

function blob(value: unknown, keepsText: boolean): unknown {
  if (typeof value !== "string") {
    if (Array.isArray(value))
      throw problem("Unrecognized collection type class java.nio.ByteBuffer");
    if (isObject(value)) throw problem("Start of structure or map found where not expected");
    throw problem("only base-64-encoded strings are convertible to bytes");
  }
  const wrong = base64Problem(value);
  if (wrong !== undefined) throw problem(wrong);
  return keepsText ? value : Buffer.from(value, "base64");
}

function timestamp(value: unknown): number {
  const atMs =
    typeof value === "number"
      ? fromEpochSeconds(value)
      : typeof value === "string"
        ? parseTimestamp(value)
        : undefined;
  if (atMs !== undefined) return atMs;
  if (isObject(value)) throw wrongScalar(value, "Date", "class java.util.Date");
  throw problem(`${tokenOf(value)} cannot be converted to Timestamp`);
}

function jsonInText(value: unknown): unknown {
  if (typeof value !== "string") throw wrongScalar(value, "String", "class java.lang.String");
  try {
    const parsed: unknown = JSON.parse(value);
    return parsed;
  } catch {
    throw problem("Unexpected token received from parser");
  }
}

/**
 * A null among the values of a list or map: an empty structure says "nothing is set" without every handler having to
 * look for nulls. Scalars stay null; validation reports those in lists.
 */
export function emptyOf(shape: Shape): unknown {
  if (shape.type === "structure" || shape.type === "map") return {};
  return shape.type === "list" ? [] : null;
}

function setMember(
  object: Record<string, unknown>,
  key: string,
  member: Member,
  value: unknown,
): void {
  if (key !== member.name) delete object[key];
  object[member.name] = value;
}
