import type { Context } from "#kernel/context.ts";
import type { BackupDetails, BackupStatus, BackupType } from "#models/dynamodb.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { backupKey } from "../keyspace.ts";
import type { ItemsOfBackup } from "../restores/restore-table.ts";
import type { TableRecord } from "../tables/table-record.ts";

export interface BackupRecord {
  /** The time in milliseconds with fourteen digits, then eight hexadecimal digits. */
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly type: BackupType;
  readonly status: BackupStatus;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  /** As it was then. */
  readonly table: TableRecord;
  readonly sizeBytes: number;
  readonly itemCount: number;
  readonly items: ItemsOfBackup;
  /** Whether a table is being restored from it: one at a time, as with AWS. */
  readonly isInUse: boolean;
}

export const backupCodec: Codec<BackupRecord> = {
  encode: (backup) => Buffer.from(JSON.stringify(backup)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as BackupRecord,
};

/** An id for what is made now of a table: a backup, an export, an import. */
export function newId(ctx: Context): string {
  const time = String(Math.floor(ctx.now())).padStart(14, "0");
  return `${time}-${ctx.random.uuid().slice(0, 8)}`;
}

export function readBackup(snapshot: Snapshot, ctx: Context, id: string): BackupRecord | undefined {
  return snapshot.record(backupKey(ctx, id), backupCodec);
}

export function writeBackup(tx: Transaction, ctx: Context, backup: BackupRecord): void {
  tx.putRecord(backupKey(ctx, backup.id), backupCodec, backup);
}

export function endBackupUse(tx: Transaction, ctx: Context, id: string): void {
  const backup = readBackup(tx, ctx, id);
  if (backup !== undefined) writeBackup(tx, ctx, { ...backup, isInUse: false });
}

/** `arn`: AWS echoes the one it was asked for. */
export function backupDetails(backup: BackupRecord, arn = backup.arn): BackupDetails {
  return {
    BackupArn: arn,
    BackupName: backup.name,
    BackupSizeBytes: backup.sizeBytes,
    BackupStatus: backup.status,
    BackupType: backup.type,
    BackupCreationDateTime: backup.createdAtMs,
    BackupExpiryDateTime: backup.expiresAtMs,
  };
}
