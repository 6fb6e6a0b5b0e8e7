import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import { LogWriter } from "#kernel/sharded-log.ts";
import type { Transaction } from "#store/store.ts";
import { sameItem } from "../index-entries.ts";
import { keyAttributesOf } from "../item-key.ts";
import { itemBytes } from "../item-size.ts";
import { hashOfItemKey } from "../keyspace.ts";
import type { ItemImage } from "../stored-item.ts";
import type { StreamLayout, TableLayout } from "../table-layout.ts";
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

/** AWS records no change for a write that leaves the item as it was. Most differ in size, or not in a single byte. */
function isUnchanged(before: ItemImage, after: ItemImage): boolean {
  if (before.sizeBytes !== after.sizeBytes) return false;
  return before.stored.equals(after.stored) || sameItem(before, after);
}
