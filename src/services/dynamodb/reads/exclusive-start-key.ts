import { type Key, keyAfter } from "#base/key.ts";
import { attributeOf, valuesEqual } from "../items/attribute-values.ts";
import type { AttributeValue } from "../items/attribute-values.ts";
import { isInRange, type KeyAttribute, type KeyRange } from "../expressions/key-condition.ts";
import { keyDoesNotMatch } from "../items/item-key.ts";
import { checkItem } from "../items/item-size.ts";
import { checkIndexKeyIsNotEmpty, checkKeyValue } from "../items/key-encoding.ts";
import type { StoreRange } from "./query-range.ts";
import type { ReadSource } from "./read-source.ts";
import type { Item } from "../items/stored-item.ts";
import { ValidationProblem } from "../validation-problem.ts";

/*
 * ExclusiveStartKey as AWS checks it. The two operations word alike mistakes differently, and put the same checks in
 * another order (dynalite's tests, recorded at AWS); query.ts and scan.ts call these in their operation's order.
 */

const invalid = "The provided starting key is invalid";

/** Scan puts an introduction before most of what can be wrong with a value, and not before what is new since then. */
const withoutIntroduction =
  /contains duplicates|number set|numeric value|significant digits|number with magnitude/;

/** The values alone, before any table is known. */
export function checkStartKeyOfScan(startKey: Item): void {
  try {
    checkItem(startKey);
  } catch (problem) {
    if (!(problem instanceof ValidationProblem)) throw problem;
    if (withoutIntroduction.test(problem.message)) throw problem;
    throw new ValidationProblem(`${invalid}: ${problem.message}`);
  }
}

/** Whether it has as many attributes as the key of the table, and of the index if one is read, together. */
export function checkStartKeyCount(source: ReadSource, startKey: Item): void {
  if (Object.keys(startKey).length !== source.startKeyNames.length) {
    throw new ValidationProblem(invalid);
  }
}

/** An attribute of the key of the table or index that is read. */
export function checkStartKeyPart(
  { index }: ReadSource,
  startKey: Item,
  attribute: KeyAttribute,
): void {
  const value = attributeOf(startKey, attribute.name);
  if (value === undefined) throw new ValidationProblem(invalid);
  if (value[attribute.type] === undefined) throw new ValidationProblem(keyDoesNotMatch);
  checkSize(value, attribute, index?.index.name);
}

/** The table's key: within the start key of an index, or where a table is scanned. */
export function checkStartKeyOfTable({ layout }: ReadSource, startKey: Item): void {
  const { partition, sort } = layout.table.key;
  for (const { name, type } of partition) checkTablePart({ name, type, role: "HASH" }, startKey);
  for (const { name, type } of sort) checkTablePart({ name, type, role: "RANGE" }, startKey);
}

function checkTablePart(attribute: KeyAttribute, startKey: Item): void {
  const value = attributeOf(startKey, attribute.name);
  if (value === undefined || value[attribute.type] === undefined) throw startKeyDoesNotMatch();
  checkSize(value, attribute);
}

export function startKeyDoesNotMatch(): ValidationProblem {
  return new ValidationProblem(`${invalid}: ${keyDoesNotMatch}`);
}

function checkSize(
  value: AttributeValue,
  { name, type, role }: KeyAttribute,
  indexName?: string,
): void {
  try {
    if (indexName !== undefined) checkIndexKeyIsNotEmpty(name, value, type, indexName);
    checkKeyValue(name, value, type, role);
  } catch (problem) {
    if (!(problem instanceof ValidationProblem)) throw problem;
    throw new ValidationProblem(`${invalid}: ${problem.message}`);
  }
}

/** A Query goes on only where its key condition could have brought it. The sort key is looked at first. */
export function checkStartKeyInQuery(source: ReadSource, startKey: Item, wanted: KeyRange): void {
  const { key } = source;
  const { partition, sort, range } = wanted;
  const valueAt = (position: number): AttributeValue => attributeOf(startKey, key[position]!.name)!;
  const firstSort = partition.length;
  const hasSortCondition = sort.length > 0 || range !== undefined;
  const isInSort =
    sort.every((value, at) => valuesEqual(value, valueAt(firstSort + at))) &&
    (range === undefined || isInRange(range, valueAt(firstSort + sort.length)));
  if (!isInSort) {
    throw new ValidationProblem("The provided starting key does not match the range key predicate");
  }
  if (partition.every((value, at) => valuesEqual(value, valueAt(at)))) return;
  throw new ValidationProblem(
    hasSortCondition
      ? "The query can return at most one row and cannot be restarted"
      : "The provided starting key is outside query boundaries based on provided conditions",
  );
}

export function checkStartKeyInSegment(
  position: Key,
  { start, end }: StoreRange,
  segment: number,
  totalSegments: number,
): void {
  if (position >= start && position < end) return;
  throw new ValidationProblem(
    `${invalid}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. ` +
      `TotalSegments: ${totalSegments} Segment: ${segment}`,
  );
}

/** What is left of a range behind a position. */
export function rangeBehind(range: StoreRange, position: Key, isReverse: boolean): StoreRange {
  return isReverse
    ? { start: range.start, end: position }
    : { start: keyAfter(position), end: range.end };
}
