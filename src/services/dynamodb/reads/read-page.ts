import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type {
  ConsumedCapacity,
  ItemList,
  Key as StartKey,
  ReturnConsumedCapacity,
  Select,
} from "#models/dynamodb.ts";
import type { KeyRange, Snapshot } from "#store/store.ts";
import { attributeOf, setAttribute } from "../items/attribute-values.ts";
import { consumedCapacity, noUnits, readUnits } from "../consumed-capacity.ts";
import type { Condition } from "../expressions/condition.ts";
import type { Projection } from "../expressions/projection.ts";
import type { StoreRange } from "./query-range.ts";
import { itemPosition, type ReadSource } from "./read-source.ts";
import { ReadMeter } from "../throttling/meters.ts";
import { itemJson, itemSizeBytes, type Item, parseItem } from "../items/stored-item.ts";

/**
 * A page ends with the item that brings the data that was looked at to this size, by DynamoDB's rule of sizes and
 * before any filter: so it may be larger by almost one item (dynalite's tests, recorded at AWS).
 */
export const pageBytes = 1024 * 1024;

/** What Query and Scan have in common. */
export interface ReadParameters {
  readonly TableName: string;
  readonly Select?: Select | undefined;
  /** Of items that are looked at. */
  readonly Limit?: number | undefined;
  readonly ConsistentRead?: boolean | undefined;
  readonly ReturnConsumedCapacity?: ReturnConsumedCapacity | undefined;
}

export interface Walk {
  readonly range: StoreRange;
  readonly isReverse: boolean;
  readonly filter: Condition | undefined;
  readonly projection: Pick<Projection, "apply"> | undefined;
  /** Whether each item is fetched from the table, because the index does not hold what is wanted. */
  readonly fetches: boolean;
  /** Is told of each item that is looked at, and of what it costs. */
  readonly noteItem?: ((key: Key, units: number) => void) | undefined;
  /** A key within the partition, if only one is read. */
  readonly partition?: Key;
}

/** The answer of Query and Scan. */
export interface Page {
  Items?: ItemList | undefined;
  Count: number;
  ScannedCount: number;
  LastEvaluatedKey?: StartKey | undefined;
  ConsumedCapacity?: ConsumedCapacity | undefined;
}

/** What one range gave. */
export interface RangeRead {
  readonly items: ItemList;
  readonly count: number;
  readonly scannedCount: number;
  /** Of the items that were looked at. */
  readonly bytes: number;
  /** Of the table or index that was walked, and of the items that were fetched besides. */
  readonly walkUnits: number;
  readonly fetchUnits: number;
  /** Where it stopped before the end of the range. */
  readonly lastEvaluatedKey: StartKey | undefined;
}

/** Reads one page. It is admitted as a whole: what it costs is known when it is read. */
export function readPage(
  snapshot: Snapshot,
  ctx: Context,
  source: ReadSource,
  input: ReadParameters,
  walk: Walk,
): Page {
  const meter = new ReadMeter(snapshot, ctx, source.layout, source.index);
  meter.admit(walk.partition, false);
  const { noteItem } = meter;
  const read = readRange(snapshot, source, input, { ...walk, noteItem });
  meter.units = read.walkUnits + read.fetchUnits;
  source.layout.traffic.operation(ctx.operation).returnedItems.add(read.count);
  const { items, count, scannedCount, lastEvaluatedKey } = read;
  const page: Page =
    input.Select === "COUNT"
      ? { Count: count, ScannedCount: scannedCount }
      : { Items: items, Count: count, ScannedCount: scannedCount };
  if (lastEvaluatedKey !== undefined) page.LastEvaluatedKey = lastEvaluatedKey;
  if (input.ReturnConsumedCapacity !== undefined) {
    page.ConsumedCapacity = readCapacity(source, input, read.walkUnits, read.fetchUnits);
  }
  return page;
}

/**
 * Reads a range until its end, the limit, or the size of a page. Items go out as the bytes that are stored; they are
 * parsed only where a filter or projection looks inside, and the last one for its key.
 */
export function readRange(
  snapshot: Snapshot,
  source: ReadSource,
  input: ReadParameters,
  walk: Walk,
  bytesAtMost = pageBytes,
): RangeRead {
  const { filter, projection, fetches } = walk;
  const limit = input.Limit;
  const countsOnly = input.Select === "COUNT";
  const isConsistent = input.ConsistentRead === true;
  const items: ItemList = [];
  let count = 0;
  let scannedCount = 0;
  let bytes = 0;
  let entryBytes = 0;
  let fetchUnits = 0;
  let lastEvaluated: Buffer | undefined;
  for (const { key, value: entry } of snapshot.range(storeWalk(walk, limit))) {
    let stored = entry;
    if (fetches) {
      stored = fetchItem(snapshot, source, entry);
      fetchUnits += readUnits(itemSizeBytes(stored), isConsistent);
      entryBytes += itemSizeBytes(entry);
    }
    bytes += itemSizeBytes(stored);
    walk.noteItem?.(key, itemSizeBytes(stored) / (isConsistent ? 4096 : 8192));
    scannedCount++;
    const item = filter === undefined ? undefined : parseItem(stored);
    if (item === undefined || filter!.holds(item)) {
      count++;
      if (!countsOnly) {
        items.push(
          projection === undefined ? itemJson(stored) : projection.apply(item ?? parseItem(stored)),
        );
      }
    }
    // There may be nothing behind it: AWS does not look, and says so with an empty last page.
    if (scannedCount === limit || bytes >= bytesAtMost) {
      lastEvaluated = entry;
      break;
    }
  }
  return {
    items,
    count,
    scannedCount,
    bytes,
    walkUnits: readUnits(fetches ? entryBytes : bytes, isConsistent),
    fetchUnits,
    lastEvaluatedKey: lastEvaluated === undefined ? undefined : startKeyOf(source, lastEvaluated),
  };
}

function storeWalk({ range, isReverse }: Walk, limit: number | undefined): KeyRange {
  const { start, end } = range;
  return limit === undefined
    ? { start, end, reverse: isReverse }
    : { start, end, reverse: isReverse, limit };
}

/** An entry and its item are written in one transaction: where there is an entry, there is an item. */
function fetchItem(snapshot: Snapshot, source: ReadSource, entry: Buffer): Buffer {
  const stored = snapshot.get(itemPosition(source.layout, parseItem(entry)));
  if (stored === undefined) throw new TypeError("an index entry without its item");
  return stored;
}

function startKeyOf(source: ReadSource, stored: Buffer): StartKey {
  const item: Item = parseItem(stored);
  const key: Item = {};
  for (const name of source.startKeyNames) setAttribute(key, name, attributeOf(item, name)!);
  return key;
}

/**
 * The sizes of a page are summed up and then rounded; what is fetched is rounded item by item. Source: AWS docs,
 * Developer Guide, "Local secondary indexes", Provisioned throughput considerations.
 */
export function readCapacity(
  { index }: ReadSource,
  input: ReadParameters,
  walkUnits: number,
  fetchUnits: number,
): ConsumedCapacity | undefined {
  const units = noUnits();
  units.table = index === undefined ? walkUnits : fetchUnits;
  if (index !== undefined) {
    const byIndex = index.isGlobal ? units.globalIndexes : units.localIndexes;
    byIndex.set(index.index.name, walkUnits);
  }
  return consumedCapacity(input.ReturnConsumedCapacity, input.TableName, units);
}
