import type { Key } from "#base/key.ts";
import { attributeOf, setAttribute, typeOf } from "./attribute-values.ts";
import type { AttributeValue } from "./attribute-values.ts";
import { checkIndexKeyValue, checkKeyValue, encodeKeyValue } from "./key-encoding.ts";
import { partitionBytes } from "../keyspace.ts";
import type { Item } from "./stored-item.ts";
import type { IndexLayout, TableLayout } from "../tables/table-layout.ts";
import { checkVectors } from "../vector-indexes/check-vectors.ts";
import type { IndexRecord, KeyAttribute } from "../tables/table-record.ts";
import { invalidParameter, ValidationProblem } from "../validation-problem.ts";

/*
 * From attributes to the store's keys. Values have been checked and normalized (item-size.ts) before they come here.
 */

export const keyDoesNotMatch = "The provided key element does not match the schema";

/** The key under which an item stands, from the `Key` parameter of a request: exactly the table's key attributes. */
export function keyOfRequest(layout: TableLayout, key: Item): Key {
  const { partition, sort } = layout;
  if (countOf(key) !== (sort === undefined ? 1 : 2)) throw new ValidationProblem(keyDoesNotMatch);
  return (
    layout.itemsPrefix +
    partitionBytes([requestAttribute(key, partition, "HASH")]) +
    (sort === undefined ? "" : requestAttribute(key, sort, "RANGE"))
  );
}

/** The key under which an item stands, from the item: messages of PutItem. */
export function keyOfItem(layout: TableLayout, item: Item): Key {
  const { partition, sort } = layout;
  return (
    layout.itemsPrefix +
    partitionBytes([itemAttribute(item, partition, "HASH")]) +
    (sort === undefined ? "" : itemAttribute(item, sort, "RANGE"))
  );
}

/** The same for BatchWriteItem, which speaks of an item's key as of a `Key` parameter. */
export function keyOfBatchItem(layout: TableLayout, item: Item): Key {
  const { partition, sort } = layout;
  return (
    layout.itemsPrefix +
    partitionBytes([requestAttribute(item, partition, "HASH")]) +
    (sort === undefined ? "" : requestAttribute(item, sort, "RANGE"))
  );
}

/** The partition's bytes of a stored item: where its item collection is counted. */
export function partitionOfItem(layout: TableLayout, item: Item): Key {
  return partitionBytes([encodeAttribute(item, layout.partition)]);
}

/** The key attributes of an item, partition first. */
export function keyAttributesOf(
  { partition, sort }: Pick<TableLayout, "partition" | "sort">,
  item: Item,
): Item {
  const key: Item = {};
  setAttribute(key, partition.name, attributeOf(item, partition.name)!);
  if (sort !== undefined) setAttribute(key, sort.name, attributeOf(item, sort.name)!);
  return key;
}

/** The ordered bytes of a key attribute of an item that is known to have it. */
export function encodeAttribute(item: Item, attribute: KeyAttribute): Key {
  return encodeKeyValue(attributeOf(item, attribute.name)!, attribute.type);
}

/**
 * Refuses values that a secondary index cannot have as its key (of another type, empty or too long), and what a vector
 * index cannot have. Attributes that
 * are absent are fine: the item then has no entry.
 */
export function checkIndexKeys(layout: TableLayout, item: Item): void {
  for (const index of layout.indexesFromLast) checkIndexKey(index, item);
  checkVectors(layout, item);
}

function checkIndexKey({ keyAttributes, index }: IndexLayout, item: Item): void {
  for (let position = 0; position < keyAttributes.length; position++) {
    const { name, type } = keyAttributes[position]!;
    const value = attributeOf(item, name);
    if (value === undefined) continue;
    if (value[type] === undefined) {
      throw new ValidationProblem(
        `${invalidParameter}Type mismatch for Index Key ${name} Expected: ${type} Actual: ${typeOf(value)} IndexName: ${index.name}`,
      );
    }
    checkIndexKeySize(index, position, value);
  }
}

/** `position`: of the attribute in the index's key, partition attributes first. The type is right already. */
export function checkIndexKeySize(
  index: IndexRecord,
  position: number,
  value: AttributeValue,
): void {
  const { partition, sort } = index.key;
  const isPartition = position < partition.length;
  const { name, type } = isPartition ? partition[position]! : sort[position - partition.length]!;
  checkIndexKeyValue(name, value, type, isPartition ? "HASH" : "RANGE", index.name);
}

function requestAttribute(key: Item, attribute: KeyAttribute, role: "HASH" | "RANGE"): Key {
  const value = attributeOf(key, attribute.name);
  if (value === undefined || value[attribute.type] === undefined) {
    throw new ValidationProblem(keyDoesNotMatch);
  }
  return checkedBytes(value, attribute, role);
}

function itemAttribute(item: Item, attribute: KeyAttribute, role: "HASH" | "RANGE"): Key {
  const value = attributeOf(item, attribute.name);
  if (value === undefined) {
    throw new ValidationProblem(`${invalidParameter}Missing the key ${attribute.name} in the item`);
  }
  if (value[attribute.type] === undefined) {
    throw new ValidationProblem(
      `${invalidParameter}Type mismatch for key ${attribute.name} expected: ${attribute.type} actual: ${typeOf(value)}`,
    );
  }
  return checkedBytes(value, attribute, role);
}

function checkedBytes(value: AttributeValue, attribute: KeyAttribute, role: "HASH" | "RANGE"): Key {
  checkKeyValue(attribute.name, value, attribute.type, role);
  return encodeKeyValue(value, attribute.type);
}

function countOf(item: Item): number {
  let count = 0;
  for (const _name in item) count++;
  return count;
}
