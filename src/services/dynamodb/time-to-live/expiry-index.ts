import { type Key } from "#base/key.ts";
import { integer } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { attributeOf } from "../items/attribute-values.ts";
import type { Item, ItemImage } from "../items/stored-item.ts";
import type { ExpiryLayout, TableLayout } from "../tables/table-layout.ts";

/*
 * Where the items of a table stand by the second in which they expire.
 *
 * E1. An item has an entry if its attribute is a number of seconds since 1970 that was at most five years past when the
 *     item got it. (AWS passes over older ones, lest a wrong unit deletes everything. Here it is decided at the write,
 *     so that a clock that is moved by years deletes what these years would have deleted.)
 * E2. An entry is at the second from which on the item is expired, and there is no other entry of the item. While the
 *     index is being filled, an item that was there before may still be without one.
 * E3. While there is an entry, the job that deletes expired items is due at the first one's second or before.
 */

// Five calendar years have one leap day or two.
const passedOverSeconds = 1_826 * 86_400;
/** Later than any clock goes. */
const latestSecond = 8_640_000_000_000;

/** The second from which on an item is expired; undefined if its attribute says nothing of that. */
export function expirySecond(item: Item, attribute: string): number | undefined {
  const text = attributeOf(item, attribute)?.N;
  if (text === undefined) return undefined;
  const second = Math.ceil(Number(text));
  return second >= 0 && second <= latestSecond ? second : undefined;
}

export function expiryKey(
  table: TableLayout,
  expiry: ExpiryLayout,
  second: number,
  itemKey: Key,
): Key {
  return expiry.prefix + integer(second) + itemKey.slice(table.itemsPrefix.length);
}

/** The second and the item's key of an entry. */
export function readExpiryKey(
  table: TableLayout,
  expiry: ExpiryLayout,
  key: Key,
): { readonly second: number; readonly itemKey: Key } {
  const itemAt = expiry.prefix.length + integer(0).length;
  let second = 0;
  for (let at = itemAt - 8; at < itemAt; at++) second = second * 256 + key.charCodeAt(at);
  return { second, itemKey: table.itemsPrefix + key.slice(itemAt) };
}

const nothing = Buffer.alloc(0);

/** Keeps the index of one table up to date, within one run of a transaction's body. */
export class ExpiryIndex {
  readonly #tx: Transaction;
  readonly #ctx: Context;
  readonly #table: TableLayout;
  readonly #expiry: ExpiryLayout;
  /** Of the entries that were added. */
  #firstSecond = Infinity;

  constructor(tx: Transaction, ctx: Context, table: TableLayout, expiry: ExpiryLayout) {
    this.#tx = tx;
    this.#ctx = ctx;
    this.#table = table;
    this.#expiry = expiry;
  }

  write(itemKey: Key, before: ItemImage | undefined, after: ItemImage | undefined): void {
    const { attribute, isFilling } = this.#expiry;
    const was = before && expirySecond(before.item, attribute);
    const second = after && expirySecond(after.item, attribute);
    if (was === second && !isFilling) return;
    if (was !== undefined && was !== second) {
      this.#tx.delete(expiryKey(this.#table, this.#expiry, was, itemKey));
    }
    if (second === undefined || this.#isPassedOver(second)) return;
    this.#tx.put(expiryKey(this.#table, this.#expiry, second, itemKey), nothing);
    this.#firstSecond = Math.min(this.#firstSecond, second);
  }

  /** E3. */
  finish(): void {
    const second = this.#firstSecond;
    if (second === Infinity) return;
    const due = this.#tx.get(this.#expiry.dueKey)?.readDoubleBE(0);
    if (due !== undefined && due <= second) return;
    scheduleDeletion(this.#tx, this.#ctx, this.#table, this.#expiry, second);
  }

  #isPassedOver(second: number): boolean {
    return second < this.#ctx.now() / 1000 - passedOverSeconds;
  }
}

/** Lets the job that deletes expired items run at this second, and remembers that it will. */
export function scheduleDeletion(
  tx: Transaction,
  ctx: Context,
  { table }: TableLayout,
  expiry: ExpiryLayout,
  second: number,
): void {
  const due = Buffer.allocUnsafe(8);
  due.writeDoubleBE(second, 0);
  tx.put(expiry.dueKey, due);
  ctx.schedule(tx, {
    at: second * 1000,
    job: "expireItems",
    key: table.id,
    payload: { tableName: table.name, tableId: table.id },
  });
}
