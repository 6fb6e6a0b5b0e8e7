import { Instant, type Value } from "./query.ts";

/*
 * Values have the type that is wanted of them: what was found in messages is text, and a number where one is compared
 * or counted with.
 */

const numeric = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (value instanceof Instant) return value.ms;
  return typeof value === "string" && numeric.test(value) ? Number(value) : undefined;
}

/** As results show it. */
export function textOf(value: Value): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "1" : "0";
  if (value instanceof Instant) {
    return new Date(value.ms).toISOString().replace("T", " ").replace("Z", "");
  }
  if (!Number.isFinite(value)) return String(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toFixed(4)));
}

/** Whether a condition holds that is no more than a value. */
export function isTrue(value: Value): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}

/** By number where both are numbers, otherwise by text; undefined where one is missing. */
export function compared(one: Value, other: Value): number | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (typeof one === "string" && typeof other === "string") {
    const first = numberOf(one);
    const second = first === undefined ? undefined : numberOf(other);
    if (first !== undefined && second !== undefined) return first - second;
    return one < other ? -1 : one > other ? 1 : 0;
  }
  const first = numberOf(one);
  const second = numberOf(other);
  if (first !== undefined && second !== undefined) return first - second;
  const left = textOf(one)!;
  const right = textOf(other)!;
  return left < right ? -1 : left > right ? 1 : 0;
}

export function areEqual(one: Value, other: Value): boolean {
  if (typeof one === "string" && typeof other === "string") return one === other;
  return compared(one, other) === 0;
}
