/** Typed values to and from CBOR by shape. */
import { JsonBytes } from "#base/json-bytes.ts";
import { CborTime, type CborWriter } from "./cbor.ts";
import { emptyOf } from "./json-decode.ts";
import { WireProblem } from "./protocol.ts";
import type { Shape } from "./shapes.ts";

export interface CborStyle {
  /** The older binary JSON writes times as milliseconds, rpc-v2-cbor as seconds. */
  timesInMilliseconds: boolean;
}

const wrong = (value: unknown, shape: Shape): WireProblem =>
  new WireProblem(
    "SerializationException",
    `${kindOf(value)} cannot be converted to ${shape.type}`,
  );

/** Checks and converts what `decodeCbor` returned; the containers are reused. */
export function fromCbor(value: unknown, shape: Shape, style: CborStyle): unknown {
  switch (shape.type) {
    case "string":
      if (typeof value === "string") return value;
      throw wrong(value, shape);
    case "boolean":
      if (typeof value === "boolean") return value;
      throw wrong(value, shape);
    case "integer":
    case "long":
      if (typeof value === "number") return Math.trunc(value);
      throw wrong(value, shape);
    case "float":
    case "double":
      if (typeof value === "number") return value;
      throw wrong(value, shape);
    case "timestamp":
      return time(value, shape, style);
    case "blob":
      if (value instanceof Uint8Array) {
        return shape.model.base64Text ? Buffer.from(value).toString("base64") : value;
      }
      throw wrong(value, shape);
    case "structure":
      return structure(value, shape, style);
    case "list": {
      if (!Array.isArray(value) || !shape.element) throw wrong(value, shape);
      const elements: unknown[] = value;
      for (const [index, each] of elements.entries()) {
        const element = shape.element.shape;
        elements[index] = each === null ? emptyOf(element) : fromCbor(each, element, style);
      }
      return elements;
    }
    case "map": {
      if (!isMap(value) || !shape.element) throw wrong(value, shape);
      for (const key of Object.keys(value)) {
        const each = value[key];
        if (each === null) delete value[key];
        else setOwn(value, key, fromCbor(each, shape.element.shape, style));
      }
      return value;
    }
    default:
      return value;
  }
}

function structure(value: unknown, shape: Shape, style: CborStyle): Record<string, unknown> {
  if (!isMap(value)) throw wrong(value, shape);
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = shape.byWireName.get(key);
    const inner = value[key];
    if (!member || inner === null || inner === undefined) continue;
    result[member.name] = fromCbor(inner, member.shape, style);
  }
  return result;
}

function time(value: unknown, shape: Shape, style: CborStyle): number {
  const atMs =
    value instanceof CborTime
      ? style.timesInMilliseconds && value.isInteger
        ? value.value
        : Math.round(value.value * 1000)
      : typeof value === "number"
        ? Math.round(value * 1000)
        : NaN;
  if (Math.abs(atMs) <= 8.64e15) return atMs;
  throw wrong(value, shape);
}

export function writeCbor(
  writer: CborWriter,
  value: unknown,
  shape: Shape,
  style: CborStyle,
): void {
  const plain = value instanceof JsonBytes ? value.value() : value;
  switch (shape.type) {
    case "structure":
      writer.openMap();
      for (const { name, wireName, shape: inner, bound } of shape.members) {
        const member = isMap(plain) ? plain[name] : undefined;
        if (bound || member === undefined || member === null) continue;
        writer.text(wireName);
        writeCbor(writer, member, inner, style);
      }
      writer.end();
      return;
    case "list":
      if (!Array.isArray(plain) || !shape.element)
        throw new TypeError(`${shape.name} wants an array`);
      writer.array(plain.length);
      for (const each of plain) writeCbor(writer, each, shape.element.shape, style);
      return;
    case "map":
      if (!isMap(plain) || !shape.element) throw new TypeError(`${shape.name} wants an object`);
      writer.openMap();
      for (const [key, each] of Object.entries(plain)) {
        if (each === undefined) continue;
        writer.text(key);
        writeCbor(writer, each, shape.element.shape, style);
      }
      writer.end();
      return;
    case "timestamp":
      if (typeof plain !== "number") throw new TypeError(`${shape.name} wants milliseconds`);
      writer.tag(1);
      if (style.timesInMilliseconds) writer.number(Math.round(plain));
      else writer.double(plain / 1000);
      return;
    case "float":
    case "double":
      writer.double(Number(plain));
      return;
    case "blob":
      if (shape.model.base64Text && typeof plain === "string")
        writer.blob(Buffer.from(plain, "base64"));
      else if (plain instanceof Uint8Array) writer.blob(plain);
      else throw new TypeError(`${shape.name} wants bytes`);
      return;
    default:
      writeAny(writer, plain);
  }
}

function writeAny(writer: CborWriter, value: unknown): void {
  if (typeof value === "string") writer.text(value);
  else if (typeof value === "number") writer.number(value);
  else if (typeof value === "boolean") writer.boolean(value);
  else if (value instanceof Uint8Array) writer.blob(value);
  else if (Array.isArray(value)) {
    writer.array(value.length);
    for (const each of value) writeAny(writer, each);
  } else if (isMap(value)) {
    writer.openMap();
    for (const [key, each] of Object.entries(value)) {
      writer.text(key);
      writeAny(writer, each);
    }
    writer.end();
  } else writer.null();
}

// Assignment to "__proto__" would not make a key.
function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(object, key, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  else object[key] = value;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  if (value instanceof CborTime) return "timestamp";
  return value instanceof Uint8Array ? "blob" : typeof value;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof CborTime);
