import type { Key } from "#base/key.ts";
import { integer } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { ItemImage } from "../items/stored-item.ts";
import type { Outbound, ReplicationLayout, TableLayout } from "../tables/table-layout.ts";
import { nextStamp, type Origin, readOrigin, type Stamp, writeOrigin } from "./stamps.ts";
import { StrongWrites } from "./strong-writes.ts";
import { scheduleForgetting } from "./forget-tombstones.ts";

/**
 * Notes of each write of a replica's items when and where it was made, and for whom it is meant, within one run of a
 * transaction's body.
 *
 * Q1. A region has an outbound entry for each item that another region may not have as this one has it: from the
 *     transaction that wrote it on, until the other region has answered. The entry names the item and not what was
 *     written: what is delivered is how the item then is.
 * Q2. While there are outbound entries for a region, a job is scheduled that delivers them.
 */
export class OriginRecorder {
  readonly #tx: Transaction;
  readonly #ctx: Context;
  readonly #table: TableLayout;
  readonly #replication: ReplicationLayout;
  readonly #strong: StrongWrites | undefined;
  #outbound: readonly Outbound[];
  #hasEntries = false;
  #hasTombstones = false;

  constructor(tx: Transaction, ctx: Context, table: TableLayout, replication: ReplicationLayout) {
    this.#tx = tx;
    this.#ctx = ctx;
    this.#table = table;
    this.#replication = replication;
    this.#strong = replication.isStrong ? new StrongWrites(tx, ctx, table) : undefined;
    this.#outbound = replication.outbound;
  }

  /** Whether this region may decide about an item now. Throws if it may not. */
  checkMayDecide(): void {
    this.#strong?.checkMayDecide();
  }

  /** A write that was made in this region. */
  record(key: Key, after: ItemImage | undefined): void {
    const place = key.slice(this.#table.itemsPrefix.length);
    const known = readOrigin(this.#tx, this.#replication, place);
    const stamp = nextStamp(known?.stamp, this.#ctx.now(), this.#ctx.region);
    this.#write(place, known, { stamp, isDeleted: after === undefined });
    if (this.#strong !== undefined) {
      this.#outbound = this.#strong.write(place, stamp, after);
    }
    this.#enqueue(place, stamp);
  }

  /** A write that was made elsewhere and has come here; it is handed on to nobody but those in `outbound`. */
  take(key: Key, known: Origin | undefined, origin: Origin, outbound: readonly Outbound[]): void {
    const place = key.slice(this.#table.itemsPrefix.length);
    // What is older than the group has no origin (O3).
    if (origin.stamp.time > 0) this.#write(place, known, origin);
    this.#outbound = outbound;
    this.#enqueue(place, origin.stamp);
  }

  finish(): void {
    this.#strong?.finish();
    if (this.#hasTombstones) scheduleForgetting(this.#tx, this.#ctx, this.#table);
    if (!this.#hasEntries) return;
    for (const outbound of this.#outbound) {
      scheduleDelivery(this.#tx, this.#ctx, this.#table, outbound);
    }
  }

  #write(place: Key, known: Origin | undefined, origin: Origin): void {
    writeOrigin(this.#tx, this.#replication, place, known, origin);
    if (origin.isDeleted) this.#hasTombstones = true;
  }

  /** Q1. */
  #enqueue(place: Key, { time }: Stamp): void {
    if (this.#outbound.length === 0) return;
    const value = Buffer.allocUnsafe(8);
    value.writeDoubleBE(time, 0);
    const atMs = integer(this.#ctx.now());
    for (const { prefix } of this.#outbound) this.#tx.put(prefix + atMs + place, value);
    this.#hasEntries = true;
  }
}

const nothing = Buffer.alloc(0);

/** Q2. */
export function scheduleDelivery(
  tx: Transaction,
  ctx: Context,
  { table }: TableLayout,
  { region, memberId, jobKey }: Outbound,
): void {
  if (tx.get(jobKey) !== undefined) return;
  tx.put(jobKey, nothing);
  ctx.schedule(tx, {
    at: ctx.now() + ctx.links.delayMs(ctx.region, region),
    job: "deliverChanges",
    key: `${table.id}/${memberId}`,
    payload: {
      tableName: table.name,
      tableId: table.id,
      groupId: table.replication!.groupId,
      region,
      memberId,
    },
  });
}
