import { endOfPrefix, type Key, keyAfter } from "#base/key.ts";
import type { JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { leaveSystemBackup } from "../backups/system-backup.ts";
import type { TableJob } from "./activate-table.ts";
import {
  collectionsPrefix,
  destinationQueueKey,
  destinationQueueStateKey,
  expiriesPrefix,
  expiryDueKey,
  expiryFillsPrefix,
  historyPrefix,
  historyStateKey,
  indexesPrefix,
  itemsPrefix,
  replicationPrefixes,
  sizeKey,
  tableKey,
  tagsKey,
} from "../keyspace.ts";
import { stopMeasuringWithoutTables } from "../cost/measure-tables.ts";
import { heldFromMs } from "../history/history-holds.ts";
import { findTable } from "./open-table.ts";
import { settleStream } from "../streams/stream-life.ts";
import { forgetTraffic } from "../throttling/table-traffic.ts";

/** Bounds of one transaction of a sweep: it holds up everybody else's for as long as it runs. */
const keysPerStep = 500;
const bytesPerStep = 1_000_000;

/**
 * Ends what DeleteTable began: the name is free, and a sweep takes the items away. They stand under the table's id,
 * so a new table of the name never meets them.
 */
export async function deleteTable(ctx: JobContext, job: TableJob): Promise<void> {
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const table = findTable(tx, ctx, job.tableName);
    if (table?.id !== job.tableId) return;
    settleStream(tx, ctx, table);
    if (table.recovery !== undefined) leaveSystemBackup(tx, ctx, table);
    tx.afterwards({ settled: () => forgetTraffic(ctx, table) });
    tx.delete(tableKey(ctx, job.tableName));
    tx.delete(tagsKey(ctx, job.tableName));
    stopMeasuringWithoutTables(tx, ctx);
    ctx.schedule(tx, {
      at: ctx.now(),
      job: "sweepTable",
      key: job.tableId,
      payload: { tableId: job.tableId },
    });
  });
}

/**
 * Takes away everything that is stored under a table's id. Items and history stay as long as someone holds them; who is
 * the last to give them up has this run again.
 */
export async function sweepTable(
  ctx: JobContext,
  job: { readonly tableId: string },
): Promise<void> {
  const table = { id: job.tableId };
  await sweep(ctx, indexesPrefix(ctx, table));
  await sweep(ctx, collectionsPrefix(ctx, table));
  await sweep(ctx, expiriesPrefix(ctx, table));
  await sweep(ctx, expiryFillsPrefix(ctx, table));
  await sweep(ctx, destinationQueueKey(ctx, table));
  for (const prefix of replicationPrefixes(ctx, table)) await sweep(ctx, prefix);
  const isHeld = await ctx.transact((tx) => {
    tx.delete(sizeKey(ctx, table));
    tx.delete(expiryDueKey(ctx, table));
    tx.delete(destinationQueueStateKey(ctx, table));
    if (heldFromMs(tx, ctx, table) === undefined) return false;
    ctx.complete(tx);
    return true;
  });
  if (isHeld) return;
  await sweep(ctx, itemsPrefix(ctx, table));
  await sweep(ctx, historyPrefix(ctx, table));
  await ctx.transact((tx) => {
    ctx.complete(tx);
    tx.delete(historyStateKey(ctx, table));
  });
}

/**
 * Deletes all keys with this prefix, in steps. Nobody may write under it any more. A run that is cut off leaves what
 * it has not reached: the next one comes upon that.
 */
export async function sweep(ctx: JobContext, prefix: Key): Promise<void> {
  const end = endOfPrefix(prefix);
  let start = prefix;
  for (;;) {
    const last = await ctx.transact((tx) => sweepStep(tx, start, end));
    if (last === undefined) return;
    // Not from the beginning again: engines may have to step over what was deleted.
    start = keyAfter(last);
  }
}

/** Deletes some keys from `start` on; answers the last of them. */
function sweepStep(tx: Transaction, start: Key, end: Key): Key | undefined {
  const keys: Key[] = [];
  let bytes = 0;
  for (const { key, value } of tx.range({ start, end, limit: keysPerStep })) {
    keys.push(key);
    bytes += value.length;
    if (bytes >= bytesPerStep) break;
  }
  for (const key of keys) tx.delete(key);
  return keys.at(-1);
}
