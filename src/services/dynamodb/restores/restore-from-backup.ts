import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB } from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import { readBackupArn } from "../backups/backup-arn.ts";
import { type BackupRecord, writeBackup } from "../backups/backup-record.ts";
import { openBackup } from "../backups/backups.ts";
import { tableKey } from "../keyspace.ts";
import { empty, tableDescription } from "../tables/table-description.ts";
import { tableCodec } from "../tables/table-record.ts";
import { beginRestore } from "./restore-table.ts";
import { checkTarget } from "./restore-target.ts";
import { findEncryption } from "../tables/encryption.ts";
import { restoredTable } from "./restored-table.ts";

export const restoreFromBackup = {
  /** The table is CREATING in the answer; a job fills it and makes it ACTIVE. */
  async RestoreTableFromBackup(ctx, input) {
    const arn = input.BackupArn;
    const { region } = readBackupArn(ctx, arn);
    const there = ctx.inRegion(region);
    const encryption = await findEncryption(ctx, input.SSESpecificationOverride);
    return ctx.transact((tx) => {
      const backup = freeBackup(tx, there, arn);
      checkTarget(tx, ctx, input.TargetTableName, `backup: ${arn}`);
      const origin = {
        tableArn: backup.table.arn,
        backupArn: backup.arn,
        atMs: backup.createdAtMs,
      };
      const target = restoredTable(ctx, backup.table, input, origin, encryption);
      tx.putRecord(tableKey(ctx, target.name), tableCodec, target);
      writeBackup(tx, there, { ...backup, isInUse: true });
      beginRestore(tx, ctx, {
        tableName: target.name,
        tableId: target.id,
        region,
        source: { kind: "backup", backupId: backup.id, items: backup.items },
      });
      return { TableDescription: tableDescription(target, empty, ctx.now()) };
    });
  },
} satisfies Handlers<DynamoDB>;

/** A backup serves one restore at a time. Source: ack-api-quirks, DDB-BACKUP-010. */
function freeBackup(
  snapshot: Snapshot,
  ctx: Context<"BackupInUseException" | "BackupNotFoundException">,
  arn: string,
): BackupRecord {
  const backup = openBackup(snapshot, ctx, arn);
  if (backup.status === "CREATING") {
    throw ctx.error("BackupInUseException", `Backup is being created: ${arn}`);
  }
  if (backup.isInUse) {
    throw ctx.error(
      "BackupInUseException",
      `Backup is being used to restore another table: ${arn}`,
    );
  }
  return backup;
}
