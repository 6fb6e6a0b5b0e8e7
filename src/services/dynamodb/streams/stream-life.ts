import type { Context } from "#kernel/context.ts";
import { LogWriter, logAt, openLog } from "#kernel/sharded-log.ts";
import type { StreamViewType } from "#models/dynamodbstreams.ts";
import type { Transaction } from "#store/store.ts";
import { type StreamId, streamKey, streamLogKey } from "../keyspace.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { streamArn, streamCodec, streamLabel, type StreamRecord } from "./stream-record.ts";

/*
 * A stream begins with the transaction that enables it and records each change from then on; it ends with the one
 * that disables it or deletes the table. Enabling it again makes another stream, with a label, an ARN and shards of its
 * own. A stream that has ended can be read for a day (keep-stream.ts).
 */

/** The table with a new stream, and the stream's record and log. */
export function withNewStream(
  tx: Transaction,
  ctx: Context,
  table: TableRecord,
  viewType: StreamViewType,
): TableRecord {
  // Within one millisecond (or on a clock that stands still) a name may get several streams.
  let createdAtMs = ctx.now();
  while (tx.get(streamKey(ctx, table.name, streamLabel(createdAtMs))) !== undefined) {
    createdAtMs += 1;
  }
  const label = streamLabel(createdAtMs);
  const stream: StreamRecord = {
    arn: streamArn(table.arn, label),
    label,
    tableName: table.name,
    tableId: table.id,
    viewType,
    status: "ENABLING",
    createdAtMs,
    key: table.key,
    endedAtMs: undefined,
  };
  tx.putRecord(streamKey(ctx, table.name, label), streamCodec, stream);
  openLog(tx, logAt(streamLogKey(ctx, stream)), createdAtMs);
  scheduleKeeping(tx, ctx, stream, createdAtMs);
  return { ...table, stream: { label, viewType, enabled: true } };
}

/** The table with its stream ended, if it has an enabled one. */
export function withEndedStream(tx: Transaction, ctx: Context, table: TableRecord): TableRecord {
  const { stream } = table;
  if (stream?.enabled !== true) return table;
  const key = streamKey(ctx, table.name, stream.label);
  const before = tx.record(key, streamCodec);
  if (before !== undefined) {
    const nowMs = ctx.now();
    const log = new LogWriter(tx, logAt(streamLogKey(ctx, before)));
    log.close(nowMs);
    log.finish();
    tx.putRecord(key, streamCodec, { ...before, status: "DISABLING", endedAtMs: nowMs });
    scheduleKeeping(tx, ctx, before, nowMs);
  }
  return { ...table, stream: { ...stream, enabled: false } };
}

/** Ends a change of state that is under way, together with its table's. */
export function settleStream(tx: Transaction, ctx: Context, { name, stream }: TableRecord): void {
  if (stream === undefined) return;
  const key = streamKey(ctx, name, stream.label);
  const before = tx.record(key, streamCodec);
  if (before?.status === "ENABLING")
    tx.putRecord(key, streamCodec, { ...before, status: "ENABLED" });
  if (before?.status === "DISABLING") {
    tx.putRecord(key, streamCodec, { ...before, status: "DISABLED" });
  }
}

export function scheduleKeeping(tx: Transaction, ctx: Context, stream: StreamId, at: number): void {
  const { tableName, tableId, label } = stream;
  const payload = { tableName, tableId, label };
  ctx.schedule(tx, { at, job: "keepStream", key: `${tableId}/${label}`, payload });
}
