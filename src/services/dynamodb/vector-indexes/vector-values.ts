import {
  attributeOf,
  type AttributeType,
  type AttributeValue,
  typeOf,
} from "../items/attribute-values.ts";
import { normalizeNumber } from "../items/numbers.ts";
import type { Item } from "../items/stored-item.ts";

/*
 * Vectors as attribute values are lists of numbers; as they are indexed and compared, they are 32-bit floats.
 */

/** The vector, or what is wrong with it. */
export type ReadVector =
  | { readonly vector: Float32Array }
  | { readonly wrong: "type" }
  | { readonly wrong: "element"; readonly position: number; readonly actual: AttributeType }
  | { readonly wrong: "range"; readonly position: number; readonly number: string }
  | { readonly wrong: "size"; readonly actual: number };

export function readVector(value: AttributeValue, dimensions: number): ReadVector {
  const list = value.L;
  if (list === undefined) return { wrong: "type" };
  const vector = new Float32Array(list.length);
  for (let position = 0; position < list.length; position++) {
    const element = list[position]!;
    if (element.N === undefined) return { wrong: "element", position, actual: typeOf(element) };
    vector[position] = Number(element.N);
    if (!Number.isFinite(vector[position])) return { wrong: "range", position, number: element.N };
  }
  return list.length === dimensions ? { vector } : { wrong: "size", actual: list.length };
}

/** An item's vector, if it has a right one. */
export function vectorOf(
  item: Item,
  attribute: string,
  dimensions: number,
): Float32Array | undefined {
  const value = attributeOf(item, attribute);
  if (value === undefined) return undefined;
  const read = readVector(value, dimensions);
  return "vector" in read ? read.vector : undefined;
}

/** The list that stands for a vector: each number has as few digits as tell its float from all others. */
export function vectorValue(vector: Float32Array): AttributeValue {
  return { L: Array.from(vector, (number) => ({ N: normalizeNumber(float32Text(number)) })) };
}

/** Nine digits tell all floats apart. */
function float32Text(number: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = number.toPrecision(digits);
    if (Math.fround(Number(text)) === number) return text;
  }
  return number.toPrecision(9);
}
