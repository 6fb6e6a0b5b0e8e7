import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { JobContext } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { LogEvent } from "../events/event-block.ts";
import { eventsOf } from "../events/read-stream.ts";
import { oldestKeptMs } from "../groups/retention.ts";
import { exportKey } from "../keyspace.ts";
import { findGroup } from "../open.ts";
import type { StreamRecord } from "../records.ts";
import { streamsOf } from "../streams/log-streams.ts";
import { isActive } from "./export-tasks.ts";
import { exportCodec, type ExportRecord } from "./records.ts";

const compress = promisify(gzip);
/** Uncompressed, about: a file is made in memory. */
const charactersPerFile = 16_000_000;
const charactersPerLook = 1_000_000;

interface ExportJob {
  readonly id: string;
  readonly createdMs: number;
}

/** Writes each stream's events, by time, as gzipped lines; a run that is cut off writes the same files again. */
export async function writeExport(ctx: JobContext, job: ExportJob): Promise<void> {
  const record = await ctx.transact((tx) => {
    const found = tx.record(exportKey(ctx, job.createdMs, job.id), exportCodec);
    if (found === undefined || !isActive(found)) return undefined;
    const running: ExportRecord = { ...found, status: "RUNNING" };
    tx.putRecord(exportKey(ctx, job.createdMs, job.id), exportCodec, running);
    return running;
  });
  if (record === undefined) return;
  let ended: Pick<ExportRecord, "status" | "message">;
  try {
    await writeFiles(ctx, record);
    ended = { status: "COMPLETED", message: "Completed successfully" };
  } catch (problem) {
    if (!(problem instanceof ServiceError) || (problem.status ?? 400) >= 500) throw problem;
    ended = { status: "FAILED", message: problem.message };
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const found = tx.record(exportKey(ctx, job.createdMs, job.id), exportCodec);
    if (found === undefined || !isActive(found)) return;
    const after = { ...found, ...ended, endedMs: ctx.now() };
    tx.putRecord(exportKey(ctx, job.createdMs, job.id), exportCodec, after);
  });
}

async function writeFiles(ctx: JobContext, record: ExportRecord): Promise<void> {
  const put = async (key: string, body: Buffer): Promise<void> => {
    const Key = `${record.prefix}/${key}`;
    await ctx.services.s3.PutObject({ Bucket: record.bucket, Key, Body: body });
  };
  await put("aws-logs-write-test", Buffer.from("Permission Check Successful"));
  const found = await ctx.read((snapshot) => {
    const group = findGroup(snapshot, ctx, record.groupName);
    if (group === undefined) return undefined;
    const startMs = Math.max(record.fromMs, oldestKeptMs(ctx, group));
    return { startMs, streams: streamsOf(snapshot, ctx, group, record.streamPrefix) };
  });
  for (const stream of found?.streams ?? []) {
    const folder = `${record.id}/${stream.name.replaceAll("/", "-")}`;
    let file = 0;
    for await (const text of texts(ctx, stream, { ...record, fromMs: found!.startMs })) {
      const now = await ctx.read((snapshot) =>
        snapshot.record(exportKey(ctx, record.createdMs, record.id), exportCodec),
      );
      if (now === undefined || !isActive(now)) return;
      await put(`${folder}/${String(file).padStart(6, "0")}.gz`, await compress(text));
      file += 1;
    }
  }
}

/** The stream's lines, a file's worth at a time. */
async function* texts(
  ctx: JobContext,
  stream: StreamRecord,
  { fromMs, toMs }: Pick<ExportRecord, "fromMs" | "toMs">,
): AsyncIterable<string> {
  let last: LogEvent | undefined;
  let text = "";
  for (let isDone = false; !isDone;) {
    const page = await ctx.read((snapshot) => {
      const window = { startMs: last?.timestampMs ?? fromMs, endMs: toMs, reverse: false };
      const events: LogEvent[] = [];
      let characters = 0;
      for (const event of eventsOf(snapshot, ctx, stream, window)) {
        if (last !== undefined && isUpTo(event, last)) continue;
        if (characters > charactersPerLook) return { events, isLast: false };
        events.push(event);
        characters += event.message.length;
      }
      return { events, isLast: true };
    });
    for (const { timestampMs, message } of page.events) {
      text += `${new Date(timestampMs).toISOString()} ${message}\n`;
    }
    last = page.events.at(-1) ?? last;
    isDone = page.isLast;
    if (text !== "" && (isDone || text.length > charactersPerFile)) {
      yield text;
      text = "";
    }
  }
}

const isUpTo = (event: LogEvent, last: LogEvent): boolean =>
  event.timestampMs < last.timestampMs ||
  (event.timestampMs === last.timestampMs && event.sequence <= last.sequence);
