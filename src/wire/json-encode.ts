/**
 * Typed output to JSON text. Where the typed form is the JSON form already, `JSON.stringify` does it; only parts that
 * hold times, blobs or renamed members are walked. `JsonBytes` are spliced in as they are, at most copied once.
 */
import { JsonBytes } from "#base/json-bytes.ts";
import type { Shape } from "./shapes.ts";
import { formatTimestamp, timestampFormatOf } from "./timestamps.ts";

/** The UTF-8 bytes of the JSON text; an absent output is `{}`. */
export function encodeJsonBody(output: unknown, shape: Shape | undefined): Buffer {
  if (output === undefined || output === null || shape === undefined) return emptyObject;
  const writer = new JsonWriter();
  writer.write(output, shape);
  return writer.finish();
}

const emptyObject = Buffer.from("{}");

export class JsonWriter {
  #text = "";
  #parts: (string | Buffer)[] | undefined;

  write(value: unknown, shape: Shape): void {
    if (value instanceof JsonBytes) this.#splice(value.bytes);
    else if (!shape.converts && !shape.storesJson) this.#text += JSON.stringify(value);
    else this.#walk(value, shape);
  }

  /** Text that is JSON already. */
  raw(text: string): void {
    this.#text += text;
  }

  finish(): Buffer {
    const parts = this.#parts;
    if (!parts) return Buffer.from(this.#text, "utf8");
    if (this.#text !== "") parts.push(this.#text);
    let length = 0;
    for (const part of parts)
      length += typeof part === "string" ? Buffer.byteLength(part) : part.length;
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for (const part of parts)
      at += typeof part === "string" ? bytes.write(part, at) : part.copy(bytes, at);
    return bytes;
  }

  #splice(bytes: Buffer): void {
    this.#parts ??= [];
    if (this.#text !== "") this.#parts.push(this.#text);
    this.#parts.push(bytes);
    this.#text = "";
  }

  #walk(value: unknown, shape: Shape): void {
    switch (shape.type) {
      case "structure":
        return this.structure(value, shape);
      case "list":
        return this.#list(value, shape);
      case "map":
        return this.#map(value, shape);
      case "timestamp":
        this.#text += timestampText(value, shape.model.timestampFormat);
        return;
      case "blob":
        this.#text += value instanceof Uint8Array ? `"${base64Of(value)}"` : JSON.stringify(value);
        return;
      case "float":
      case "double":
        // JSON has no word for these three; AWS writes them as strings.
        this.#text += Number.isFinite(value) ? String(value) : JSON.stringify(String(value));
        return;
      case "string":
      case "boolean":
      case "integer":
      case "long":
      case "document":
        this.#text += JSON.stringify(value);
        return;
      default:
        return shape.type satisfies never;
    }
  }

  /** A structure by its members, those outside the body left out. */
  structure(value: unknown, shape: Shape): void {
    if (!isObject(value)) throw new TypeError(`${shape.name} wants an object, got ${typeof value}`);
    let separator = "{";
    for (const key in value) {
      const inner = value[key];
      const member = shape.byName.get(key);
      if (inner === undefined || inner === null || member === undefined || member.bound) continue;
      this.#text += `${separator}"${member.wireName}":`;
      separator = ",";
      if (member.model.jsonvalue) this.#text += JSON.stringify(JSON.stringify(inner));
      else this.write(inner, member.shape);
    }
    this.#text += separator === "{" ? "{}" : "}";
  }

  #list(value: unknown, shape: Shape): void {
    const element = shape.element?.shape;
    if (!Array.isArray(value) || !element) throw new TypeError(`${shape.name} wants an array`);
    this.#text += "[";
    for (let index = 0; index < value.length; index++) {
      if (index > 0) this.#text += ",";
      this.write(value[index], element);
    }
    this.#text += "]";
  }

  #map(value: unknown, shape: Shape): void {
    const element = shape.element?.shape;
    if (!isObject(value) || !element) throw new TypeError(`${shape.name} wants an object`);
    let separator = "{";
    for (const key in value) {
      const inner = value[key];
      if (inner === undefined) continue;
      this.#text += `${separator}${JSON.stringify(key)}:`;
      separator = ",";
      this.write(inner, element);
    }
    this.#text += separator === "{" ? "{}" : "}";
  }
}

function timestampText(value: unknown, format: string | undefined): string {
  if (typeof value !== "number") throw new TypeError("a time wants milliseconds as a number");
  const known = timestampFormatOf(format, "unixTimestamp");
  const text = formatTimestamp(value, known);
  return known === "unixTimestamp" ? text : `"${text}"`;
}

const base64Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
