import type { Key } from "#base/key.ts";
import { bytes } from "#base/tuple.ts";
import { attributeOf, setAttribute, valuesEqual } from "../items/attribute-values.ts";
import { encodeAttribute } from "../items/item-key.ts";
import {
  keyValueBytes,
  maximumPartitionKeyBytes,
  maximumSortKeyBytes,
} from "../items/key-encoding.ts";
import { itemBytes } from "../items/item-size.ts";
import { partitionBytes, primaryKeySuffix } from "../keyspace.ts";
import { ItemImage, type Item } from "../items/stored-item.ts";
import type { IndexLayout, TableLayout } from "../tables/table-layout.ts";
import type { KeyAttribute } from "../tables/table-record.ts";

/*
 * What a secondary index stores of an item.
 *
 * I1. An item has an entry if and only if it has every attribute of the index's key.
 * I2. An entry's key orders it: the index's partition and sort attributes, then the item's own key, which makes it
 *     unique (several items may agree in the index's key).
 * I3. An entry's value is an item like any other (stored-item.ts), with the projected attributes, and the key
 *     attributes of table and index always among them.
 */

/**
 * The key of an item's entry in an index, or undefined if it has none. A value that cannot be a key counts as absent:
 * items that were there before the index may have such values.
 */
export function indexEntryKey(
  layout: TableLayout,
  index: IndexLayout,
  item: Item,
): Key | undefined {
  const { partition, sort } = index.index.key;
  for (const attribute of partition) {
    if (!canBeKey(item, attribute, maximumPartitionKeyBytes)) return undefined;
  }
  for (const attribute of sort) {
    if (!canBeKey(item, attribute, maximumSortKeyBytes)) return undefined;
  }
  let key =
    index.prefix + partitionBytes(partition.map((attribute) => encodeAttribute(item, attribute)));
  for (const attribute of sort) key += bytes(encodeAttribute(item, attribute));
  const primary = [encodeAttribute(item, layout.partition)];
  if (layout.sort !== undefined) primary.push(encodeAttribute(item, layout.sort));
  return key + primaryKeySuffix(primary);
}

function canBeKey(item: Item, attribute: KeyAttribute, maximumBytes: number): boolean {
  const text = attributeOf(item, attribute.name)?.[attribute.type];
  if (text === undefined || attribute.type === "N") return text !== undefined;
  if (text.length === 0) return false;
  // A character takes at most three bytes for each of its UTF-16 units.
  return text.length * 3 <= maximumBytes || keyBytes(text, attribute.type) <= maximumBytes;
}

function keyBytes(text: string, type: "S" | "B"): number {
  return keyValueBytes(type === "S" ? { S: text } : { B: text }, type);
}

/** What an index's entry for this item holds. Of items that have an entry. */
export function projectedImage(index: IndexLayout, image: ItemImage): ItemImage {
  const { projected } = index;
  if (projected === undefined) return image;
  const { item } = image;
  const entry: Item = {};
  let complete = true;
  for (const name in item) {
    if (projected.has(name)) setAttribute(entry, name, item[name]!);
    else complete = false;
  }
  return complete ? image : ItemImage.ofItem(entry, itemBytes(entry));
}

/** Whether a write left what an index stores as it was. */
export function sameProjection(index: IndexLayout, before: ItemImage, after: ItemImage): boolean {
  const { projected } = index;
  if (projected === undefined) return sameItem(before, after);
  const left = before.item;
  const right = after.item;
  for (const name of projected) {
    if (!sameAttribute(left, right, name)) return false;
  }
  return true;
}

/** Whether a write left the item as it was. */
export function sameItem(before: ItemImage, after: ItemImage): boolean {
  if (before.sizeBytes !== after.sizeBytes) return false;
  const left = before.item;
  const right = after.item;
  for (const name in left) {
    if (!sameAttribute(left, right, name)) return false;
  }
  return Object.keys(left).length === Object.keys(right).length;
}

function sameAttribute(left: Item, right: Item, name: string): boolean {
  const one = attributeOf(left, name);
  const other = attributeOf(right, name);
  // Updates share what they do not change.
  if (one === other) return true;
  return one !== undefined && other !== undefined && valuesEqual(one, other);
}
