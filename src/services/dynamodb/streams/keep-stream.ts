import type { JobContext } from "#kernel/context.ts";
import {
  type Log,
  LogWriter,
  logAt,
  oldestEntryMs,
  shardsOf,
  trimLog,
} from "#kernel/sharded-log.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { sweep } from "../tables/delete-table.ts";
import { type StreamId, streamKey, streamLogKey } from "../keyspace.ts";
import { scheduleKeeping } from "./stream-life.ts";
import { streamCodec, type StreamRecord } from "./stream-record.ts";

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html ("a lifetime of 24 hours") */
const retentionMs = 24 * 3_600_000;
/** As often as AWS's shards roll over, busy or not. */
const shardAgeMs = 4 * 3_600_000;
/** What is due within such a time is done together. */
const shortestPauseMs = 10_000;

/**
 * Forgets what is older than a day, rolls shards over, and in the end takes a stream away that ended a day ago. Each
 * run schedules the next one for the moment at which something is due; until then nothing can become due earlier: an
 * entry lives longer than a shard stays open.
 */
export async function keepStream(ctx: JobContext, id: StreamId): Promise<void> {
  for (;;) {
    const step = await ctx.transact((tx) => keepingStep(tx, ctx, id));
    if (step === "done") return;
    if (step === "gone") break;
  }
  await sweep(ctx, streamLogKey(ctx, id));
}

function keepingStep(tx: Transaction, ctx: JobContext, id: StreamId): "more" | "done" | "gone" {
  const key = streamKey(ctx, id.tableName, id.label);
  const stream = tx.record(key, streamCodec);
  if (stream?.tableId !== id.tableId) return "gone";
  const nowMs = ctx.now();
  if (stream.endedAtMs !== undefined && stream.endedAtMs <= nowMs - retentionMs) {
    tx.delete(key);
    return "gone";
  }
  const log = logAt(streamLogKey(ctx, id));
  if (!trimLog(tx, log, nowMs - retentionMs)) return "more";
  if (stream.endedAtMs === undefined) {
    const writer = new LogWriter(tx, log);
    writer.rollShards(nowMs - shardAgeMs, nowMs);
    writer.finish();
  }
  ctx.complete(tx);
  scheduleKeeping(tx, ctx, id, Math.max(nextDueMs(tx, log, stream), nowMs + shortestPauseMs));
  return "done";
}

function nextDueMs(snapshot: Snapshot, log: Log, stream: StreamRecord): number {
  const due: number[] = [];
  if (stream.endedAtMs !== undefined) due.push(stream.endedAtMs + retentionMs);
  for (const { openedAtMs, closed } of shardsOf(snapshot, log)) {
    due.push(closed === undefined ? openedAtMs + shardAgeMs : closed.atMs + retentionMs);
  }
  const oldestMs = oldestEntryMs(snapshot, log);
  if (oldestMs !== undefined) due.push(oldestMs + retentionMs);
  return Math.min(...due);
}
