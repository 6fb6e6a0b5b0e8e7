import { endOfPrefix } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { decodeChunk, spansMs } from "../events/chunks.ts";
import { chunksFrom, chunksPrefix, streamsPrefix } from "../keyspace.ts";
import { findGroup } from "../open.ts";
import { type GroupRecord, streamCodec, type StreamRecord } from "../records.ts";
import { addToGroupSize } from "./group-size.ts";
import { dayMs, oldestKeptMs } from "./retention.ts";

/** Bounds of one transaction. */
const streamsAtOnce = 100;
const chunksAtOnce = 500;

interface GroupJob {
  readonly name: string;
  readonly number: number;
}

const jobKey = (group: GroupJob): string => String(group.number);

export function scheduleExpiry(tx: Transaction, ctx: Context, { name, number }: GroupJob): void {
  ctx.schedule(tx, {
    at: ctx.now(),
    job: "expireEvents",
    key: jobKey({ name, number }),
    payload: { name, number },
  });
}

export function unscheduleExpiry(tx: Transaction, ctx: Context, group: GroupJob): void {
  ctx.unschedule(tx, "expireEvents", jobKey(group));
}

/** Once a day for each group with a retention: takes away the chunks of which no event is kept. */
export async function expireEvents(ctx: JobContext, job: GroupJob): Promise<void> {
  let after = "";
  for (;;) {
    const next = await ctx.transact((tx) => {
      const group = findGroup(tx, ctx, job.name);
      if (group?.number !== job.number || group.retentionDays === undefined) return undefined;
      return expireStep(tx, ctx, group, after);
    });
    if (next === undefined) break;
    after = next;
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const group = findGroup(tx, ctx, job.name);
    if (group?.number !== job.number || group.retentionDays === undefined) return;
    ctx.schedule(tx, {
      at: ctx.now() + dayMs,
      job: "expireEvents",
      key: jobKey(job),
      payload: { name: job.name, number: job.number },
    });
  });
}

/** Where the next step begins; undefined when this was the last. */
function expireStep(
  tx: Transaction,
  ctx: JobContext,
  group: GroupRecord,
  after: string,
): string | undefined {
  const prefix = streamsPrefix(ctx, group);
  const keptMs = oldestKeptMs(ctx, group);
  let chunks = chunksAtOnce;
  let freedBytes = 0;
  let streams = 0;
  let next: string | undefined;
  const start = after === "" ? prefix : after;
  for (const { key, value } of tx.range({ start, end: endOfPrefix(prefix) })) {
    if (streams === streamsAtOnce || chunks <= 0) {
      next = key;
      break;
    }
    streams += 1;
    const stream = streamCodec.decode(value);
    const expired = expiredChunks(tx, ctx, stream, keptMs, chunks);
    chunks -= expired.chunks;
    freedBytes += expired.sizeBytes;
    if (chunks <= 0) {
      next = key;
      break;
    }
  }
  if (freedBytes > 0) addToGroupSize(tx, ctx, group, -freedBytes);
  return next;
}

function expiredChunks(
  tx: Transaction,
  ctx: JobContext,
  stream: StreamRecord,
  keptMs: number,
  atMost: number,
): { readonly chunks: number; readonly sizeBytes: number } {
  const prefix = chunksPrefix(ctx, stream);
  let chunks = 0;
  let sizeBytes = 0;
  for (const span of spansMs.keys()) {
    const range = { start: chunksFrom(prefix, span, 0), end: chunksFrom(prefix, span, keptMs) };
    if (range.start >= range.end) continue;
    for (const { key, value } of tx.range(range)) {
      if (chunks === atMost) return { chunks, sizeBytes };
      const chunk = decodeChunk(prefix, key, value);
      if (chunk.lastMs >= keptMs) continue;
      tx.delete(key);
      chunks += 1;
      sizeBytes += chunk.sizeBytes;
    }
  }
  return { chunks, sizeBytes };
}
