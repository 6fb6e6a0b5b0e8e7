import { endOfPrefix, type Key, keyAfter } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { activated, type TableJob } from "../tables/activate-table.ts";
import { endBackupUse } from "../backups/backup-record.ts";
import { releaseHistory } from "../history/history-holds.ts";
import { itemsAt, type PastItem } from "../history/items-at.ts";
import type { Moment } from "../history/moment.ts";
import { backupItemsPrefix, itemsPrefix, restoreKey, tableKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { ItemImage } from "../items/stored-item.ts";
import { historyLayout } from "../tables/table-layout.ts";
import { tableCodec } from "../tables/table-record.ts";
import { TableWriter } from "../items/write-item.ts";

/** Where the items come from. It may be another region of the account. */
export type RestoreSource =
  | { readonly kind: "moment"; readonly table: TableJob; readonly moment: Moment }
  | { readonly kind: "backup"; readonly backupId: string; readonly items: ItemsOfBackup };

/** A backup's own copy, or what is left of the deleted table with this id. */
export type ItemsOfBackup =
  | { readonly at: "copy"; readonly backupId: string }
  | { readonly at: "table"; readonly tableId: string };

export interface RestoreJob extends TableJob {
  readonly region: string;
  readonly source: RestoreSource;
}

/** Bounds of one transaction: it holds up everybody else's for as long as it runs. */
const itemsPerStep = 100;
const bytesPerStep = 250_000;
/** Keys of which the moment knows no item cost a look each. */
const keysPerStep = 1_000;

/** Where a restore's job is noted until it has come to its end. */
export function beginRestore(tx: Transaction, ctx: Context, job: RestoreJob): void {
  tx.put(restoreKey(ctx, { id: job.tableId }), Buffer.alloc(0));
  ctx.schedule(tx, { at: ctx.now(), job: "restoreTable", key: job.tableId, payload: job });
}

/** Who holds the source's history meanwhile. */
export const restoreHolder = (tableId: string): string => `restore/${tableId}`;

/**
 * Fills a table that is CREATING. How far this has come is stored with each step, so a run that was cut off is taken up
 * where it ended; the table serves from the transaction on that sees that nothing is left.
 */
export async function restoreTable(ctx: JobContext, job: RestoreJob): Promise<void> {
  for (;;) {
    const isDone = await ctx.transact((tx) => restoreStep(tx, ctx, job));
    if (isDone) return;
  }
}

function restoreStep(tx: Transaction, ctx: JobContext, job: RestoreJob): boolean {
  const progressKey = restoreKey(ctx, { id: job.tableId });
  const table = findTable(tx, ctx, job.tableName);
  if (table?.id !== job.tableId || table.restoring === undefined) {
    endRestore(tx, ctx, job);
    return true;
  }
  const last = tx.get(progressKey)?.toString("latin1");
  const writer = new TableWriter(tx, ctx, table);
  let reached: Key | undefined;
  let keys = 0;
  let items = 0;
  let bytes = 0;
  for (const { suffix, stored } of pastItems(tx, ctx, job, last === "" ? undefined : last)) {
    if (stored !== undefined) {
      writer.write(writer.layout.itemsPrefix + suffix, undefined, ItemImage.ofStored(stored));
      items += 1;
      bytes += stored.length;
    }
    keys += 1;
    reached = suffix;
    if (items >= itemsPerStep || bytes >= bytesPerStep || keys >= keysPerStep) break;
  }
  writer.finish();
  if (reached !== undefined) {
    tx.put(progressKey, Buffer.from(reached, "latin1"));
    return false;
  }
  tx.putRecord(tableKey(ctx, table.name), tableCodec, activated(table));
  endRestore(tx, ctx, job);
  return true;
}

function endRestore(tx: Transaction, ctx: JobContext, job: RestoreJob): void {
  ctx.complete(tx);
  tx.delete(restoreKey(ctx, { id: job.tableId }));
  const source = ctx.inRegion(job.region);
  if (job.source.kind === "moment") {
    releaseHistory(tx, source, job.source.table, restoreHolder(job.tableId));
  } else {
    endBackupUse(tx, source, job.source.backupId);
  }
}

function pastItems(
  snapshot: Snapshot,
  ctx: Context,
  { region, source }: RestoreJob,
  afterSuffix: Key | undefined,
): Iterable<PastItem> {
  const there = ctx.inRegion(region);
  if (source.kind === "backup") {
    const { items } = source;
    const prefix =
      items.at === "copy"
        ? backupItemsPrefix(there, items.backupId)
        : itemsPrefix(there, { id: items.tableId });
    return itemsUnder(snapshot, prefix, afterSuffix);
  }
  const id = { id: source.table.tableId };
  const table = { itemsPrefix: itemsPrefix(there, id), history: historyLayout(there, id) };
  return itemsAt(snapshot, table, source.moment, { afterSuffix });
}

function* itemsUnder(
  snapshot: Snapshot,
  prefix: Key,
  afterSuffix: Key | undefined,
): Iterable<PastItem> {
  const start = afterSuffix === undefined ? prefix : keyAfter(prefix + afterSuffix);
  const range = { start, end: endOfPrefix(prefix), limit: itemsPerStep };
  for (const { key, value } of snapshot.range(range)) {
    yield { suffix: key.slice(prefix.length), stored: value };
  }
}
