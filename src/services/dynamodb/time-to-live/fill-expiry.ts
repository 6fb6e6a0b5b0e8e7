import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import type { JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { TableJob } from "../tables/activate-table.ts";
import { sweep } from "../tables/delete-table.ts";
import { expiryFillKey, expiryPrefix, itemsPrefix, tableKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { tableCodec, type TableRecord, type TimeToLive } from "../tables/table-record.ts";
import { TableWriter } from "../items/write-item.ts";

export interface TimeToLiveJob extends TableJob {
  readonly generation: number;
}

/** Bounds of one transaction: it holds up everybody else's for as long as it runs. */
const itemsPerStep = 100;
const bytesPerStep = 250_000;

/**
 * Ends what enabling time to live began: adds the items that were there before to the expiry index. From the transaction
 * that enabled it on, writes keep the index up to date; how far this has come is stored with each step.
 */
export async function fillExpiry(ctx: JobContext, job: TimeToLiveJob): Promise<void> {
  for (;;) {
    const isDone = await ctx.transact((tx) => fillStep(tx, ctx, job));
    if (isDone) return;
  }
}

function fillStep(tx: Transaction, ctx: JobContext, job: TimeToLiveJob): boolean {
  const table = tableOf(tx, ctx, job, "ENABLING");
  const progressKey = expiryFillKey(ctx, { id: job.tableId }, job.generation);
  if (table === undefined) {
    tx.delete(progressKey);
    ctx.complete(tx);
    return true;
  }
  const prefix = itemsPrefix(ctx, table);
  const last = tx.get(progressKey)?.toString("latin1");
  const range = {
    start: last === undefined ? prefix : keyAfter(last),
    end: endOfPrefix(prefix),
    limit: itemsPerStep,
  };
  const writer = new TableWriter(tx, ctx, table);
  let reached: Key | undefined;
  let bytes = 0;
  for (const { key, value } of tx.range(range)) {
    writer.addExpiry(key, value);
    reached = key;
    bytes += value.length;
    if (bytes >= bytesPerStep) break;
  }
  writer.finish();
  if (reached !== undefined) {
    tx.put(progressKey, Buffer.from(reached, "latin1"));
    return false;
  }
  tx.delete(progressKey);
  putTimeToLive(tx, ctx, table, "ENABLED");
  ctx.complete(tx);
  return true;
}

/** Ends what disabling time to live began: the entries of the expiry index go, which nobody reads any more. */
export async function dropExpiry(ctx: JobContext, job: TimeToLiveJob): Promise<void> {
  await sweep(ctx, expiryPrefix(ctx, { id: job.tableId }, job.generation));
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const table = tableOf(tx, ctx, job, "DISABLING");
    if (table !== undefined) putTimeToLive(tx, ctx, table, "DISABLED");
  });
}

/** The table, if its time to live is still in this state. */
function tableOf(
  tx: Transaction,
  ctx: JobContext,
  { tableName, tableId, generation }: TimeToLiveJob,
  status: TimeToLive["status"],
): TableRecord | undefined {
  const table = findTable(tx, ctx, tableName);
  if (table?.id !== tableId || table.status === "DELETING") return undefined;
  const { timeToLive } = table;
  const isUnderWay = timeToLive?.generation === generation && timeToLive.status === status;
  return isUnderWay ? table : undefined;
}

function putTimeToLive(
  tx: Transaction,
  ctx: JobContext,
  table: TableRecord,
  status: TimeToLive["status"],
): void {
  const timeToLive = { ...table.timeToLive!, status };
  tx.putRecord(tableKey(ctx, table.name), tableCodec, { ...table, timeToLive });
}
