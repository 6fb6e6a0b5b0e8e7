import { endOfPrefix, keyAfter } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { BackupSummary, DynamoDB, ListBackupsInput } from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import { holdHistory } from "../history/history-holds.ts";
import { momentNow } from "../history/moment.ts";
import { backupKey, backupsPrefix } from "../keyspace.ts";
import { tableNameOf } from "../tables/open-table.ts";
import { tableWithBackups } from "../restores/continuous-backups.ts";
import { historyLayout, tableLayout } from "../tables/table-layout.ts";
import { readTableSize } from "../tables/table-size.ts";
import { readBackupArn } from "./backup-arn.ts";
import { backupDescription } from "./backup-description.ts";
import {
  backupCodec,
  backupDetails,
  type BackupRecord,
  newId,
  readBackup,
  writeBackup,
} from "./backup-record.ts";
import { backupHolder } from "./copy-backup.ts";

/*
 * Messages and what is accepted in which state are AWS's, as they were measured in October 2026 (ack-api-quirks,
 * DDB-BACKUP-001 to 027).
 */

const backupsPerPage = 100;

export const backups = {
  /**
   * The backup is of this moment, whatever is written from now on; a job copies the items. CREATING in the answer.
   * A table may have any number of them, of whichever names, at once; one that is being deleted still has its items.
   */
  CreateBackup(ctx, input) {
    const name = tableNameOf(ctx, input.TableName);
    const backupId = newId(ctx);
    return ctx.transact((tx) => {
      const table = tableWithBackups(tx, ctx, name);
      const size = readTableSize(tx, tableLayout(ctx, table));
      const moment = momentNow(tx, historyLayout(ctx, table), ctx.now());
      const backup: BackupRecord = {
        id: backupId,
        arn: `${table.arn}/backup/${backupId}`,
        name: input.BackupName,
        type: "USER",
        status: "CREATING",
        createdAtMs: ctx.now(),
        expiresAtMs: undefined,
        table,
        sizeBytes: size.sizeBytes,
        itemCount: size.itemCount,
        items: { at: "copy", backupId },
        isInUse: false,
      };
      writeBackup(tx, ctx, backup);
      holdHistory(tx, ctx, table, backupHolder(backupId), moment.historyFromMs);
      ctx.schedule(tx, {
        at: ctx.now(),
        job: "copyBackup",
        key: backupId,
        payload: { backupId, moment, tableName: name, tableId: table.id },
      });
      return { BackupDetails: backupDetails(backup) };
    });
  },

  DescribeBackup(ctx, input) {
    return ctx.read((snapshot) => {
      const backup = openBackup(snapshot, ctx, input.BackupArn);
      return { BackupDescription: backupDescription(backup, input.BackupArn) };
    });
  },

  /** Gone at once; a job takes the items away. */
  DeleteBackup(ctx, input) {
    const arn = input.BackupArn;
    return ctx.transact((tx) => {
      const backup = openBackup(tx, ctx, arn);
      if (backup.type === "SYSTEM") {
        throw ctx.error(
          "ValidationException",
          `User is not allowed to delete the system backup with arn ${arn}. It will automatically expire on ${new Date(backup.expiresAtMs ?? 0).toISOString()}`,
        );
      }
      if (backup.status === "CREATING") {
        throw ctx.error("BackupInUseException", `Backup is being created: ${arn}`);
      }
      if (backup.isInUse) {
        throw ctx.error("BackupInUseException", `Backup is being used to restore table: ${arn}`);
      }
      tx.delete(backupKey(ctx, backup.id));
      ctx.schedule(tx, {
        at: ctx.now(),
        job: "sweepBackup",
        key: backup.id,
        payload: { backupId: backup.id },
      });
      return { BackupDescription: backupDescription({ ...backup, status: "DELETED" }, arn) };
    });
  },

  /** In the order in which they were made; those of tables that are gone, too. */
  ListBackups(ctx, input) {
    const tableName = input.TableName === undefined ? undefined : tableNameOf(ctx, input.TableName);
    checkTimeRange(ctx, input);
    const after = startOf(ctx, input.ExclusiveStartBackupArn);
    const pageSize = input.Limit ?? backupsPerPage;
    return ctx.read((snapshot) => {
      const prefix = backupsPrefix(ctx);
      const start = after === undefined ? prefix : keyAfter(backupKey(ctx, after));
      const page: BackupRecord[] = [];
      for (const { value } of snapshot.range({ start, end: endOfPrefix(prefix) })) {
        const backup = backupCodec.decode(value);
        if (!isListed(backup, input, tableName)) continue;
        page.push(backup);
        if (page.length > pageSize) break;
      }
      const hasMore = page.length > pageSize;
      if (hasMore) page.pop();
      return {
        BackupSummaries: page.map(summary),
        LastEvaluatedBackupArn: hasMore ? page.at(-1)!.arn : undefined,
      };
    });
  },
} satisfies Handlers<DynamoDB>;

export function openBackup(
  snapshot: Snapshot,
  ctx: Context<"BackupNotFoundException">,
  arn: string,
): BackupRecord {
  const { tableName, backupId } = readBackupArn(ctx, arn);
  const backup = readBackup(snapshot, ctx, backupId);
  if (backup === undefined || backup.table.name !== tableName) {
    throw ctx.error("BackupNotFoundException", `Backup not found: ${arn}`);
  }
  return backup;
}

function checkTimeRange(
  ctx: Context,
  { TimeRangeLowerBound: from, TimeRangeUpperBound: to }: ListBackupsInput,
): void {
  if (from !== undefined && to !== undefined && from > to) {
    throw ctx.error(
      "ValidationException",
      "Time range lower bound must be less than or equal to upper bound",
    );
  }
}

/** A place in the list, whether the backup is still there or not. */
function startOf(ctx: Context, arn: string | undefined): string | undefined {
  if (arn === undefined) return undefined;
  const { region, backupId } = readBackupArn(ctx, arn);
  if (region !== ctx.region) {
    throw ctx.error(
      "ValidationException",
      `ExclusiveStartBackupArn: ${arn} does not match the region ${ctx.region}`,
    );
  }
  return backupId;
}

/** Without a type: those that users made. */
function isListed(
  backup: BackupRecord,
  input: ListBackupsInput,
  tableName: string | undefined,
): boolean {
  const type = input.BackupType ?? "USER";
  return (
    (type === "ALL" || backup.type === type) &&
    (tableName === undefined || backup.table.name === tableName) &&
    backup.createdAtMs >= (input.TimeRangeLowerBound ?? -Infinity) &&
    backup.createdAtMs < (input.TimeRangeUpperBound ?? Infinity)
  );
}

function summary(backup: BackupRecord): BackupSummary {
  return {
    TableName: backup.table.name,
    TableId: backup.table.id,
    TableArn: backup.table.arn,
    ...backupDetails(backup),
  };
}
