import { endOfPrefix, type Key } from "#base/key.ts";
import { integer } from "#base/tuple.ts";
import type { JobContext } from "#kernel/context.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import type { TableJob } from "../tables/activate-table.ts";
import { expiryDueKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { type ExpiryLayout, tableLayout, type TableLayout } from "../tables/table-layout.ts";
import { readOrigin } from "../global-tables/stamps.ts";
import { TableWriter } from "../items/write-item.ts";
import { expirySecond, readExpiryKey, scheduleDeletion } from "./expiry-index.ts";

/** Bounds of one transaction: it holds up everybody else's for as long as it runs. */
const itemsPerStep = 50;
const bytesPerStep = 250_000;

/**
 * Deletes the items whose time has come, as DynamoDB itself: their stream's records say so. What was written since the
 * job was scheduled counts: an item is deleted in the transaction that sees that it is expired.
 */
export async function expireItems(ctx: JobContext, job: TableJob): Promise<void> {
  for (;;) {
    const isDone = await ctx.transact((tx) => expiryStep(tx, ctx, job));
    if (isDone) return;
  }
}

/** One step; answers whether nothing is left that is expired by now. */
function expiryStep(tx: Transaction, ctx: JobContext, job: TableJob): boolean {
  const table = findTable(tx, ctx, job.tableName);
  const expiry =
    table?.id === job.tableId && table.status !== "DELETING"
      ? tableLayout(ctx, table).expiry
      : undefined;
  if (table === undefined || expiry === undefined) {
    tx.delete(expiryDueKey(ctx, { id: job.tableId }));
    ctx.complete(tx);
    return true;
  }
  const writer = new TableWriter(tx, ctx, table);
  const { layout } = writer;
  const expired = expiredEntries(tx, expiry, Math.floor(ctx.now() / 1000));
  let bytes = 0;
  let count = 0;
  let deleted = 0;
  for (const entry of expired) {
    if (bytes >= bytesPerStep) break;
    const { second, itemKey } = readExpiryKey(layout, expiry, entry);
    const image = writer.find(itemKey);
    if (image !== undefined && expirySecond(image.item, expiry.attribute) === second) {
      // Where another replica wrote the item, that one's deletion is the one that counts, and tells who did it.
      writer.write(
        itemKey,
        image,
        undefined,
        isOwn(tx, ctx, layout, itemKey) ? "expiry" : "replication",
      );
      bytes += image.sizeBytes;
      deleted += 1;
    } else {
      tx.delete(entry);
    }
    count += 1;
  }
  writer.finish();
  tx.afterwards({
    settled() {
      if (deleted > 0) layout.traffic.count("TimeToLiveDeletedItemCount", deleted);
    },
  });
  if (count > 0 && (count < expired.length || expired.length === itemsPerStep)) return false;
  ctx.complete(tx);
  tx.delete(expiry.dueKey);
  const next = firstSecond(tx, expiry);
  if (next !== undefined) scheduleDeletion(tx, ctx, layout, expiry, next);
  return true;
}

/** Whether the item was last written in this region, or by nobody who is still there to delete it. */
function isOwn(
  snapshot: Snapshot,
  { region }: JobContext,
  { itemsPrefix, replication }: TableLayout,
  itemKey: Key,
): boolean {
  if (replication === undefined) return true;
  const others = replication.outbound.map((outbound) => outbound.region);
  const origin = readOrigin(snapshot, replication, itemKey.slice(itemsPrefix.length));
  // What is older than the group belongs to the first of its regions by name.
  if (origin === undefined) return others.every((other) => region < other);
  return !others.includes(origin.stamp.region);
}

function expiredEntries(snapshot: Snapshot, expiry: ExpiryLayout, nowSecond: number): Key[] {
  const { prefix } = expiry;
  const range = { start: prefix, end: prefix + integer(nowSecond + 1), limit: itemsPerStep };
  return Array.from(snapshot.range(range), ({ key }) => key);
}

function firstSecond(snapshot: Snapshot, { prefix }: ExpiryLayout): number | undefined {
  for (const { key } of snapshot.range({ start: prefix, end: endOfPrefix(prefix), limit: 1 })) {
    const at = prefix.length + 1;
    let second = 0;
    for (let digit = at; digit < at + 8; digit++) second = second * 256 + key.charCodeAt(digit);
    return second;
  }
  return undefined;
}
