import type { AttributeMap } from "#models/dynamodb.ts";
import type { Key } from "#base/key.ts";
import type { Snapshot } from "#store/store.ts";
import { checkKeyPaths } from "../expressions/request-expressions.ts";
import { itemJson, itemSizeBytes, parseItem } from "../items/stored-item.ts";
import type { TableLayout } from "../tables/table-layout.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { equalityOf, namedItem, termsOf } from "./key-terms.ts";
import type { Select } from "./statement.ts";

/**
 * The key of the item that a SELECT of a batch or transaction reads: its WHERE clause names that, and asks for nothing
 * else. `operation`: which one, for the message.
 */
export function keyToRead(
  layout: TableLayout,
  select: Select,
  operation: "BatchExecuteStatement" | "ExecuteTransaction",
): Key {
  const refused = (): ValidationProblem =>
    new ValidationProblem(
      `Select statements within ${operation} must specify the primary key in the where clause.`,
    );
  if (select.indexName !== undefined || !namesItem(layout, select)) throw refused();
  checkKeyPaths(layout, select.output);
  const { key, condition } = namedItem(layout, select.where);
  if (condition !== undefined) throw refused();
  return key;
}

function namesItem({ keyNames }: TableLayout, { where }: Select): boolean {
  const named = new Set(termsOf(where).map((term) => equalityOf(term)?.name));
  return keyNames.every((name) => named.has(name));
}

interface ReadItem {
  readonly item: AttributeMap | undefined;
  readonly sizeBytes: number;
}

export function readItem(snapshot: Snapshot, key: Key, { output }: Select): ReadItem {
  const stored = snapshot.get(key);
  if (stored === undefined) return { item: undefined, sizeBytes: 0 };
  const item = output === undefined ? itemJson(stored) : output.apply(parseItem(stored));
  return { item, sizeBytes: itemSizeBytes(stored) };
}
