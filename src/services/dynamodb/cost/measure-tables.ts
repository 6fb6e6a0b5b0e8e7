import { endOfPrefix } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { backupCodec } from "../backups/backup-record.ts";
import { backupsPrefix, tablesPrefix } from "../keyspace.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import { storedBytes } from "./usage.ts";

/** As capacity and storage are billed. */
const everyMs = 3_600_000;
const minuteMs = 60_000;

/** Of numbers that CloudWatch does not have. */
export const ownNamespace = "Tule/DynamoDB";

/** Has the tables of the account and region measured from now on, as long as there are any. */
function scheduleMeasuring(tx: Transaction, ctx: Context): void {
  schedule(tx, ctx, everyMs);
}

/** The same, beginning with the next minute: a table is new, or has other capacity. This one has what was before. */
export function scheduleMeasuringSoon(tx: Transaction, ctx: Context): void {
  schedule(tx, ctx, minuteMs);
}

function schedule(tx: Transaction, ctx: Context, stepMs: number): void {
  const nowMs = ctx.now();
  ctx.schedule(tx, { at: nowMs - (nowMs % stepMs) + stepMs, job: "measureTables", key: "all" });
}

/** For when a table is gone: without any, there is nothing to measure. */
export function stopMeasuringWithoutTables(tx: Transaction, ctx: Context): void {
  const prefix = tablesPrefix(ctx);
  for (const _ of tx.range({ start: prefix, end: endOfPrefix(prefix), limit: 1 })) return;
  ctx.unschedule(tx, "measureTables", "all");
}

/** Counts what is provisioned and what is stored: what costs something although nobody asks for it. */
export async function measureTables(ctx: JobContext): Promise<void> {
  const { tables, backups } = await ctx.read((snapshot) => ({
    tables: tablesOf(snapshot, ctx).map((table) => ({
      table,
      bytes: storedBytes(snapshot, ctx, table),
    })),
    backups: backupBytes(snapshot, ctx),
  }));
  for (const { table, bytes } of tables) {
    measure(ctx, table, bytes, backups.get(table.name));
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    if (tables.length > 0) scheduleMeasuring(tx, ctx);
  });
}

export function tablesOf(snapshot: Snapshot, ctx: Context): TableRecord[] {
  const prefix = tablesPrefix(ctx);
  return Array.from(snapshot.range({ start: prefix, end: endOfPrefix(prefix) }), ({ value }) =>
    tableCodec.decode(value),
  );
}

/** By the name of the table that they are of. */
function backupBytes(snapshot: Snapshot, ctx: Context): Map<string, number> {
  const bytes = new Map<string, number>();
  const prefix = backupsPrefix(ctx);
  for (const { value } of snapshot.range({ start: prefix, end: endOfPrefix(prefix) })) {
    const { type, sizeBytes, table } = backupCodec.decode(value);
    // The one that is left of a deleted table with point-in-time recovery costs nothing.
    if (type !== "SYSTEM") bytes.set(table.name, (bytes.get(table.name) ?? 0) + sizeBytes);
  }
  return bytes;
}

function measure(
  ctx: Context,
  table: TableRecord,
  bytes: number,
  backups: number | undefined,
): void {
  const { name: TableName } = table;
  ctx.series(ownNamespace, "StoredBytes", { TableName }).add(bytes);
  if (table.recovery !== undefined) {
    ctx.series(ownNamespace, "RecoverableBytes", { TableName }).add(bytes);
  }
  if (backups !== undefined) ctx.series(ownNamespace, "BackupBytes", { TableName }).add(backups);
  measureProvision(ctx, table);
}

/** Counts what is provisioned now. */
function measureProvision(ctx: Context, table: TableRecord): void {
  const { name: TableName, billing } = table;
  if (billing.mode !== "PROVISIONED") return;
  const provisioned = (
    dimensions: Record<string, string>,
    { readUnits, writeUnits }: TableRecord["billing"]["throughput"],
  ): void => {
    const count = (metric: string, units: number): void =>
      ctx.series("AWS/DynamoDB", metric, { TableName, ...dimensions }).add(units);
    count("ProvisionedReadCapacityUnits", readUnits);
    count("ProvisionedWriteCapacityUnits", writeUnits);
  };
  provisioned({}, billing.throughput);
  for (const { name, throughput } of table.globalIndexes) {
    if (throughput !== undefined) provisioned({ GlobalSecondaryIndexName: name }, throughput);
  }
}
