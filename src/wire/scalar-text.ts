/** Scalars as text, as XML elements, forms, headers and URLs carry them. */
import { base64Problem } from "./base64.ts";
import { WireProblem } from "./protocol.ts";
import type { Shape } from "./shapes.ts";
import {
  formatTimestamp,
  parseTimestamp,
  timestampFormatOf,
  type TimestampFormat,
} from "./timestamps.ts";

/** `code`: the error to answer text with that is no value of the shape; it differs between the protocols. */
export function parseScalar(text: string, shape: Shape, code: string): unknown {
  switch (shape.type) {
    case "boolean":
      if (text === "true" || text === "True" || text === "1") return true;
      if (text === "false" || text === "False" || text === "0") return false;
      throw new WireProblem(code, `${text} is not a valid boolean`);
    case "integer":
    case "long":
      if (/^\s*[+-]?\d{1,19}\s*$/.test(text)) return Number(text);
      throw new WireProblem(code, `${text} is not a valid integer`);
    case "float":
    case "double":
      if (/^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$|^(NaN|-?Infinity)$/.test(text))
        return Number(text);
      throw new WireProblem(code, `${text} is not a valid number`);
    case "timestamp": {
      const atMs = parseTimestamp(text);
      if (atMs !== undefined) return atMs;
      throw new WireProblem(code, `${text} is not a valid timestamp`);
    }
    case "blob": {
      const compact = text.replaceAll(/\s+/g, "");
      const problem = base64Problem(compact);
      if (problem !== undefined) throw new WireProblem(code, problem);
      return shape.model.base64Text ? compact : Buffer.from(compact, "base64");
    }
    default:
      return text;
  }
}

/** `format`: of times whose shape does not say. */
export function formatScalar(value: unknown, shape: Shape, format: TimestampFormat): string {
  if (shape.type === "timestamp" && typeof value === "number") {
    return formatTimestamp(value, timestampFormatOf(shape.model.timestampFormat, format));
  }
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  }
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    return String(value);
  throw new TypeError(`${shape.name} wants a scalar, got ${typeof value}`);
}
