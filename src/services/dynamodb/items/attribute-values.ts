import { compareDecimals } from "#base/decimal.ts";
import type { AttributeValue } from "#models/dynamodb.ts";

/*
 * An attribute value stays as it travels in JSON, from the socket to the store: one member, named
 * for its type. Numbers are normalized decimal text, binaries canonical base64, sets have no
 * duplicates (`checkItem` sees to all three).
 */
export type { AttributeValue };

/** Attribute values by name: an item, a key, or the content of a map. */
export type Item = Record<string, AttributeValue>;

export type AttributeType = keyof AttributeValue;

export function typeOf(value: AttributeValue): AttributeType {
  if (value.S !== undefined) return "S";
  if (value.N !== undefined) return "N";
  if (value.M !== undefined) return "M";
  if (value.L !== undefined) return "L";
  if (value.BOOL !== undefined) return "BOOL";
  if (value.B !== undefined) return "B";
  if (value.NULL !== undefined) return "NULL";
  if (value.SS !== undefined) return "SS";
  if (value.NS !== undefined) return "NS";
  return "BS";
}

/** The attribute of this name; names such as `constructor` and `__proto__` are names like others. */
export function attributeOf(item: Item, name: string): AttributeValue | undefined {
  const found = item[name];
  return found !== undefined && Object.hasOwn(item, name) ? found : undefined;
}

export function setAttribute(item: Item, name: string, value: AttributeValue): void {
  if (name !== "__proto__") item[name] = value;
  else Object.defineProperty(item, name, { value, ...ordinary });
}

const ordinary = { writable: true, enumerable: true, configurable: true };

/** Equality as of `=`: by type and content; the order of a set does not matter. */
export function valuesEqual(left: AttributeValue, right: AttributeValue): boolean {
  const type = typeOf(left);
  if (type !== typeOf(right)) return false;
  switch (type) {
    case "S":
    case "N":
    case "B":
    case "BOOL":
    case "NULL":
      return left[type] === right[type];
    case "SS":
    case "NS":
    case "BS":
      return setsEqual(left[type] ?? [], right[type] ?? []);
    case "L":
      return listsEqual(left.L ?? [], right.L ?? []);
    case "M":
      return mapsEqual(left.M ?? {}, right.M ?? {});
  }
}

function setsEqual(left: string[], right: string[]): boolean {
  if (left.length !== right.length) return false;
  const members = new Set(right);
  return left.every((member) => members.has(member));
}

function listsEqual(left: AttributeValue[], right: AttributeValue[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((element, index) => valuesEqual(element, right[index]!));
}

function mapsEqual(left: Item, right: Item): boolean {
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => {
    const other = attributeOf(right, name);
    return other !== undefined && valuesEqual(left[name]!, other);
  });
}

/**
 * Negative, zero or positive as `left` is less than, equal to or greater than `right`; undefined if
 * they have no order: other than strings, numbers and binaries, or of two types.
 */
export function compareValues(left: AttributeValue, right: AttributeValue): number | undefined {
  if (left.S !== undefined) return right.S === undefined ? undefined : compareUtf8(left.S, right.S);
  if (left.N !== undefined) {
    return right.N === undefined ? undefined : compareDecimals(left.N, right.N);
  }
  if (left.B !== undefined && right.B !== undefined) {
    return left.B === right.B ? 0 : Buffer.compare(bytesOf(left.B), bytesOf(right.B));
  }
  return undefined;
}

export function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, "base64");
}

/**
 * The order of the strings' UTF-8 bytes. It differs from that of JavaScript in one respect: a
 * surrogate stands for a character above U+FFFF, so it is larger than each unit that is none.
 */
export function compareUtf8(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    if (isSurrogate(a) !== isSurrogate(b)) return isSurrogate(a) ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** `contains(container, operand)`: a part of a string or binary, a member of a set, an element of a list. */
export function containsValue(container: AttributeValue, operand: AttributeValue): boolean {
  if (container.S !== undefined) return operand.S !== undefined && container.S.includes(operand.S);
  if (container.L !== undefined)
    return container.L.some((element) => valuesEqual(element, operand));
  if (container.SS !== undefined)
    return operand.S !== undefined && container.SS.includes(operand.S);
  if (container.NS !== undefined)
    return operand.N !== undefined && container.NS.includes(operand.N);
  if (operand.B === undefined) return false;
  if (container.BS !== undefined) return container.BS.includes(operand.B);
  return container.B !== undefined && bytesOf(container.B).includes(bytesOf(operand.B));
}

/** `begins_with(value, prefix)`: for two strings or two binaries. */
export function beginsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  if (value.S !== undefined) return prefix.S !== undefined && value.S.startsWith(prefix.S);
  if (value.B === undefined || prefix.B === undefined) return false;
  const bytes = bytesOf(prefix.B);
  return bytesOf(value.B).subarray(0, bytes.length).equals(bytes);
}

/** `size(value)`: characters, bytes or elements; a number, a boolean or null has none. */
export function sizeOf(value: AttributeValue): number | undefined {
  if (value.S !== undefined) return value.S.length;
  if (value.B !== undefined) return base64Bytes(value.B);
  if (value.M !== undefined) return Object.keys(value.M).length;
  return (value.L ?? value.SS ?? value.NS ?? value.BS)?.length;
}

/** The number of bytes that a canonical base64 text stands for. */
export function base64Bytes(text: string): number {
  const length = text.length;
  if (length === 0) return 0;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return (length / 4) * 3 - padding;
}
