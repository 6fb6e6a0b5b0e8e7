import type { Key } from "#base/key.ts";
import type { Snapshot } from "#store/store.ts";
import { checkStrongRead } from "../global-tables/strong-writes.ts";
import { indexEntryKey } from "../indexes/index-entries.ts";
import { encodeAttribute } from "../items/item-key.ts";
import { partitionBytes } from "../keyspace.ts";
import type { KeyAttribute as KeyPart } from "../expressions/key-condition.ts";
import { openIndex, openTable, type TableContext } from "../tables/open-table.ts";
import type { Item } from "../items/stored-item.ts";
import { type IndexLayout, tableLayout, type TableLayout } from "../tables/table-layout.ts";
import type { TableKey } from "../tables/table-record.ts";
import { ValidationProblem } from "../validation-problem.ts";

/** What Query and Scan walk: a table, or one of its indexes. Worked out once for each state of a table's record. */
export interface ReadSource {
  readonly layout: TableLayout;
  /** Undefined: the table itself. */
  readonly index: IndexLayout | undefined;
  /** Of the items or entries. */
  readonly prefix: Key;
  /** The key of the table or index, partition attributes first. */
  readonly key: readonly KeyPart[];
  readonly keyNames: readonly string[];
  /** The key attributes of the table, then those that the index has besides: what a start key consists of. */
  readonly startKeyNames: readonly string[];
}

/** Records of tables and indexes are shared as long as they stay the same (see Snapshot.record). */
const sources = new WeakMap<object, ReadSource>();

interface SourceParameters {
  readonly TableName: string;
  readonly IndexName?: string | undefined;
  readonly ConsistentRead?: boolean | undefined;
}

export function openSource(
  snapshot: Snapshot,
  ctx: TableContext,
  input: SourceParameters,
): ReadSource {
  const layout = tableLayout(ctx, openTable(snapshot, ctx, input.TableName));
  checkStrongRead(snapshot, ctx, layout, input.ConsistentRead);
  const { IndexName: name } = input;
  if (name === undefined) return knownSource(layout.table, layout, undefined);
  const { index, isGlobal } = openIndex(ctx, layout.table, name);
  if (isGlobal && input.ConsistentRead === true) {
    throw new ValidationProblem("Consistent reads are not supported on global secondary indexes");
  }
  const indexLayout = layout.indexes.find((one) => one.index === index);
  return knownSource(index, layout, indexLayout);
}

function knownSource(
  record: object,
  layout: TableLayout,
  index: IndexLayout | undefined,
): ReadSource {
  const known = sources.get(record);
  if (known !== undefined) return known;
  const key = keyParts(index === undefined ? layout.table.key : index.index.key);
  const keyNames = key.map(({ name }) => name);
  const source: ReadSource = {
    layout,
    index,
    prefix: index === undefined ? layout.itemsPrefix : index.prefix,
    key,
    keyNames,
    startKeyNames: [...new Set([...layout.keyNames, ...keyNames])],
  };
  sources.set(record, source);
  return source;
}

export function keyParts({ partition, sort }: TableKey): KeyPart[] {
  return [
    ...partition.map(({ name, type }): KeyPart => ({ name, type, role: "HASH" })),
    ...sort.map(({ name, type }): KeyPart => ({ name, type, role: "RANGE" })),
  ];
}

/** Where an item stands in the table, or its entry in the index. The key attributes are known to be right. */
export function positionOf(source: ReadSource, item: Item): Key {
  const { layout, index } = source;
  if (index !== undefined) {
    const position = indexEntryKey(layout, index, item);
    if (position === undefined) throw new TypeError("an index entry without a key");
    return position;
  }
  return itemPosition(layout, item);
}

/** Where the item stands in the table that an index's entry is of. */
export function itemPosition(layout: TableLayout, entry: Item): Key {
  const { partition, sort, itemsPrefix } = layout;
  return (
    itemsPrefix +
    partitionBytes([encodeAttribute(entry, partition)]) +
    (sort === undefined ? "" : encodeAttribute(entry, sort))
  );
}
