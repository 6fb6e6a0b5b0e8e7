import type { Context, JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { dayMs } from "../history/history-entry.ts";
import { holdHistory, releaseHistory } from "../history/history-holds.ts";
import { backupKey } from "../keyspace.ts";
import { tableLayout } from "../tables/table-layout.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { readTableSize } from "../tables/table-size.ts";
import { type BackupRecord, readBackup, writeBackup } from "./backup-record.ts";
import { backupHolder } from "./copy-backup.ts";

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html */
const keptMs = 35 * dayMs;
const laterMs = 60_000;

/**
 * What a deleted table with point-in-time recovery leaves behind: a backup that nobody can delete, for 35 days. Nothing
 * is copied: it holds the table's items where they are. In the transaction that takes the table's name away.
 */
export function leaveSystemBackup(tx: Transaction, ctx: Context, table: TableRecord): void {
  const createdAtMs = ctx.now();
  // AWS's ids of system backups end in zeros, so the time alone tells them apart.
  let idMs = Math.floor(createdAtMs);
  const idAt = (ms: number): string => `${String(ms).padStart(14, "0")}-00000000`;
  while (readBackup(tx, ctx, idAt(idMs)) !== undefined) idMs += 1;
  const id = idAt(idMs);
  const size = readTableSize(tx, tableLayout(ctx, table));
  const backup: BackupRecord = {
    id,
    arn: `${table.arn}/backup/${id}`,
    name: `${table.name}$DeletedTableBackup`,
    type: "SYSTEM",
    status: "AVAILABLE",
    createdAtMs,
    expiresAtMs: createdAtMs + keptMs,
    table: { ...table, status: "ACTIVE" },
    sizeBytes: size.sizeBytes,
    itemCount: size.itemCount,
    items: { at: "table", tableId: table.id },
    isInUse: false,
  };
  writeBackup(tx, ctx, backup);
  holdHistory(tx, ctx, table, backupHolder(id), createdAtMs);
  ctx.schedule(tx, {
    at: createdAtMs + keptMs,
    job: "expireBackup",
    key: id,
    payload: { backupId: id },
  });
}

/** Ends a system backup; one that a table is being restored from, after that. */
export async function expireBackup(
  ctx: JobContext,
  { backupId }: { readonly backupId: string },
): Promise<void> {
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const backup = readBackup(tx, ctx, backupId);
    if (backup === undefined) return;
    if (backup.isInUse) {
      const at = ctx.now() + laterMs;
      ctx.schedule(tx, { at, job: "expireBackup", key: backupId, payload: { backupId } });
      return;
    }
    tx.delete(backupKey(ctx, backupId));
    const { name, id } = backup.table;
    releaseHistory(tx, ctx, { tableName: name, tableId: id }, backupHolder(backupId));
  });
}
