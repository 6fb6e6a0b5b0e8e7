import { endOfPrefix, type Key } from "#base/key.ts";
import { decodeTuple, integer } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import { entryHeaderBytes } from "#kernel/sharded-log.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { keyAttributesOf } from "../items/item-key.ts";
import { itemBytes } from "../items/item-size.ts";
import { destinationQueueKey, destinationQueueStateKey } from "../keyspace.ts";
import type { ItemImage } from "../items/stored-item.ts";
import {
  type Change,
  type ChangeCause,
  changeEntry,
  readChange,
} from "../streams/change-record.ts";
import { isUnchanged } from "../streams/record-changes.ts";
import type { TableLayout } from "../tables/table-layout.ts";

/*
 * The changes of a table that a Kinesis data stream is still to get, in the order of their commits. A change is here
 * exactly when the item's own transaction committed; the job that delivers takes it out (deliver-to-kinesis.ts).
 */

interface QueueState {
  readonly nextSequence: number;
  /** Whether the job that delivers is scheduled. */
  readonly isDelivering: boolean;
}

const stateCodec: Codec<QueueState> = {
  encode: (state) => Buffer.from(JSON.stringify(state)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as QueueState,
};

type TableId = TableLayout["table"];

export function queueState(snapshot: Snapshot, ctx: Context, table: Pick<TableId, "id">) {
  const stored = snapshot.get(destinationQueueStateKey(ctx, table));
  return stored === undefined
    ? { nextSequence: 0, isDelivering: false }
    : stateCodec.decode(stored);
}

export function putQueueState(
  tx: Transaction,
  ctx: Context,
  table: Pick<TableId, "id">,
  state: QueueState,
): void {
  tx.put(destinationQueueStateKey(ctx, table), stateCodec.encode(state));
}

/** Queues one table's changes within one run of a transaction's body. */
export class ChangeQueue {
  readonly #tx: Transaction;
  readonly #ctx: Context;
  readonly #layout: TableLayout;
  #state: QueueState | undefined;

  constructor(tx: Transaction, ctx: Context, layout: TableLayout) {
    this.#tx = tx;
    this.#ctx = ctx;
    this.#layout = layout;
  }

  record(before: ItemImage | undefined, after: ItemImage | undefined, cause: ChangeCause): void {
    if (before !== undefined && after !== undefined && isUnchanged(before, after)) return;
    const { table } = this.#layout;
    this.#state ??= queueState(this.#tx, this.#ctx, table);
    const keys = keyAttributesOf(this.#layout, (after ?? before)!.item);
    const images = "NEW_AND_OLD_IMAGES";
    const entry = changeEntry(images, keys, itemBytes(keys), before, after, cause);
    const time = Buffer.alloc(timeBytes);
    time.writeDoubleBE(this.#ctx.now());
    const { nextSequence } = this.#state;
    const key = destinationQueueKey(this.#ctx, table) + integer(nextSequence);
    this.#tx.put(key, Buffer.concat([time, entry.subarray(entryHeaderBytes)]));
    this.#state = { ...this.#state, nextSequence: nextSequence + 1 };
  }

  finish(): void {
    if (this.#state === undefined) return;
    const { table } = this.#layout;
    if (!this.#state.isDelivering) {
      this.#ctx.schedule(this.#tx, {
        at: this.#ctx.now(),
        job: "deliverToKinesis",
        key: table.id,
        payload: { tableName: table.name, tableId: table.id },
      });
    }
    putQueueState(this.#tx, this.#ctx, table, { ...this.#state, isDelivering: true });
  }
}

const timeBytes = 8;

export interface QueuedChange {
  readonly key: Key;
  readonly sequence: number;
  readonly atMs: number;
  readonly change: Change;
  readonly bytes: number;
}

/** The oldest changes. */
export function* queuedChanges(
  snapshot: Snapshot,
  ctx: Context,
  table: Pick<TableId, "id">,
  limit: number,
): Generator<QueuedChange> {
  const prefix = destinationQueueKey(ctx, table);
  const range = { start: prefix, end: endOfPrefix(prefix), limit };
  for (const { key, value } of snapshot.range(range)) {
    yield {
      key,
      sequence: decodeTuple(key.slice(prefix.length))[0] as number,
      atMs: value.readDoubleBE(),
      change: readChange(value.subarray(timeBytes)),
      bytes: value.length,
    };
  }
}
