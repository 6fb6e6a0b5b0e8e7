import { endOfPrefix, type Key, keyAfter } from "#base/key.ts";
import { bytes, bytesPrefix } from "#base/tuple.ts";
import type { AttributeValue } from "../items/attribute-values.ts";
import type { KeyAttribute, KeyRange } from "../expressions/key-condition.ts";
import { encodeKeyValue } from "../items/key-encoding.ts";
import { partitionBytes } from "../keyspace.ts";
import type { ReadSource } from "./read-source.ts";

/** `start <= key < end` in the store. */
export interface StoreRange {
  readonly start: Key;
  readonly end: Key;
}

/** The part of the store that a key condition asks for. */
export function storeRange(
  source: Pick<ReadSource, "key" | "prefix" | "index">,
  wanted: KeyRange,
): StoreRange {
  const { key, prefix } = source;
  const partition = prefix + partitionBytes(wanted.partition.map((v, at) => encode(v, key[at]!)));
  const sort = key.slice(wanted.partition.length);
  return source.index === undefined
    ? itemRange(partition, sort[0], wanted)
    : entryRange(partition, sort, wanted);
}

const encode = (value: AttributeValue, attribute: KeyAttribute): Key =>
  encodeKeyValue(value, attribute.type);

/** A table's sort key stands bare at the end of the item's key. */
function itemRange(
  partition: Key,
  attribute: KeyAttribute | undefined,
  { sort, range }: KeyRange,
): StoreRange {
  const equal = sort[0];
  if (attribute !== undefined && equal !== undefined) {
    const start = partition + encode(equal, attribute);
    return { start, end: keyAfter(start) };
  }
  if (attribute === undefined || range === undefined) return prefixRange(partition);
  const low = partition + encode(range.values[0]!, attribute);
  const high = range.values[1];
  switch (range.operator) {
    case "<":
      return { start: partition, end: low };
    case "<=":
      return { start: partition, end: keyAfter(low) };
    case ">":
      return { start: keyAfter(low), end: endOfPrefix(partition) };
    case ">=":
      return { start: low, end: endOfPrefix(partition) };
    case "begins_with":
      return prefixRange(low);
    case "BETWEEN":
      return { start: low, end: keyAfter(partition + encode(high!, attribute)) };
  }
}

/** In an index each sort attribute is a part of a tuple, with others and the item's own key after it. */
function entryRange(
  partition: Key,
  attributes: readonly KeyAttribute[],
  { sort, range }: KeyRange,
): StoreRange {
  let equal = partition;
  for (let at = 0; at < sort.length; at++) equal += bytes(encode(sort[at]!, attributes[at]!));
  if (range === undefined) return prefixRange(equal);
  const attribute = attributes[sort.length]!;
  const [value, high] = range.values;
  const low = equal + bytes(encode(value!, attribute));
  switch (range.operator) {
    case "<":
      return { start: equal, end: low };
    case "<=":
      return { start: equal, end: endOfPrefix(low) };
    case ">":
      return { start: endOfPrefix(low), end: endOfPrefix(equal) };
    case ">=":
      return { start: low, end: endOfPrefix(equal) };
    case "begins_with":
      return prefixRange(equal + bytesPrefix(encode(value!, attribute)));
    case "BETWEEN":
      return { start: low, end: endOfPrefix(equal + bytes(encode(high!, attribute))) };
  }
}

function prefixRange(prefix: Key): StoreRange {
  return { start: prefix, end: endOfPrefix(prefix) };
}
