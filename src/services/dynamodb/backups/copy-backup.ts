import type { Key } from "#base/key.ts";
import type { JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { TableJob } from "../tables/activate-table.ts";
import { sweep } from "../tables/delete-table.ts";
import { releaseHistory } from "../history/history-holds.ts";
import { itemsAt } from "../history/items-at.ts";
import type { Moment } from "../history/moment.ts";
import { backupItemsPrefix, itemsPrefix } from "../keyspace.ts";
import { historyLayout } from "../tables/table-layout.ts";
import { readBackup, writeBackup } from "./backup-record.ts";

export interface BackupJob extends TableJob {
  readonly backupId: string;
  readonly moment: Moment;
}

/** Bounds of one transaction: it holds up everybody else's for as long as it runs. */
const itemsPerStep = 500;
const bytesPerStep = 1_000_000;
const keysPerStep = 2_000;

/** Who holds the table's history while its items are copied. */
export const backupHolder = (backupId: string): string => `backup/${backupId}`;

/**
 * Copies a table's items as they were when the backup was made. Copying an item twice is harmless, so a run that was cut
 * off is followed by one from the beginning.
 */
export async function copyBackup(ctx: JobContext, job: BackupJob): Promise<void> {
  let reached: Key | undefined;
  do reached = await ctx.transact((tx) => copyStep(tx, ctx, job, reached));
  while (reached !== undefined);
}

/** One step; answers the last key, or nothing if the copy is whole. */
function copyStep(
  tx: Transaction,
  ctx: JobContext,
  job: BackupJob,
  afterSuffix: Key | undefined,
): Key | undefined {
  const id = { id: job.tableId };
  const table = { itemsPrefix: itemsPrefix(ctx, id), history: historyLayout(ctx, id) };
  const copies = backupItemsPrefix(ctx, job.backupId);
  let reached: Key | undefined;
  let keys = 0;
  let items = 0;
  let bytes = 0;
  for (const { suffix, stored } of itemsAt(tx, table, job.moment, { afterSuffix })) {
    if (stored !== undefined) {
      tx.put(copies + suffix, stored);
      items += 1;
      bytes += stored.length;
    }
    keys += 1;
    reached = suffix;
    if (items >= itemsPerStep || bytes >= bytesPerStep || keys >= keysPerStep) return reached;
  }
  ctx.complete(tx);
  const backup = readBackup(tx, ctx, job.backupId);
  if (backup !== undefined) writeBackup(tx, ctx, { ...backup, status: "AVAILABLE" });
  releaseHistory(tx, ctx, job, backupHolder(job.backupId));
  return undefined;
}

/** Takes a deleted backup's items away. */
export async function sweepBackup(
  ctx: JobContext,
  { backupId }: { readonly backupId: string },
): Promise<void> {
  await sweep(ctx, backupItemsPrefix(ctx, backupId));
}
