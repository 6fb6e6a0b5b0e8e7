import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import { LogWriter } from "#kernel/sharded-log.ts";
import type { Transaction } from "#store/store.ts";
import { sameItem } from "../indexes/index-entries.ts";
import { keyAttributesOf } from "../items/item-key.ts";
import { itemBytes } from "../items/item-size.ts";
import { hashOfItemKey } from "../keyspace.ts";
import type { ItemImage } from "../items/stored-item.ts";
import type { StreamLayout, TableLayout } from "../tables/table-layout.ts";
import { type ChangeCause, changeEntry } from "./change-record.ts";

/** Records the changes of one table's items in its stream, within one run of a transaction's body. */
export class ChangeRecorder {
  readonly #tx: Transaction;
  readonly #ctx: Context;
  readonly #table: TableLayout;
  readonly #stream: StreamLayout;
  #log: LogWriter | undefined;

  constructor(tx: Transaction, ctx: Context, table: TableLayout, stream: StreamLayout) {
    this.#tx = tx;
    this.#ctx = ctx;
    this.#table = table;
    this.#stream = stream;
  }

  record(
    key: Key,
    before: ItemImage | undefined,
    after: ItemImage | undefined,
    cause: ChangeCause,
  ): void {
    if (before !== undefined && after !== undefined && isUnchanged(before, after)) return;
    const keys = keyAttributesOf(this.#table, (after ?? before)!.item);
    const { viewType, log } = this.#stream;
    const entry = changeEntry(viewType, keys, itemBytes(keys), before, after, cause);
    this.#log ??= new LogWriter(this.#tx, log);
    this.#log.append(hashOfItemKey(this.#table.itemsPrefix, key), entry, this.#ctx.now());
  }

  finish(): void {
    this.#log?.finish();
  }
}

/**
 * AWS records no change for a write that leaves the item as it was. Two items that are equal differ at most in the order
 * of their attributes: their JSON has the same bytes in another order. So nearly all are told apart without parsing.
 */
export function isUnchanged(before: ItemImage, after: ItemImage): boolean {
  if (before.sizeBytes !== after.sizeBytes) return false;
  const [one, other] = [before.stored, after.stored];
  if (one.length !== other.length) return false;
  return one.equals(other) || (sumOf(one) === sumOf(other) && sameItem(before, after));
}

/** The same for the same bytes in any order, and hardly ever for others. */
function sumOf(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    sum = (sum + Math.imul(byte, byte * 0x9e3b)) | 0;
  }
  return sum;
}
