import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs } from "#models/logs.ts";
import { discoveredFields } from "../events/fields.ts";
import { eventsOf } from "../events/read-stream.ts";
import { oldestKeptMs } from "../groups/retention.ts";
import { groupNameOf, namedGroup } from "../names.ts";
import { findGroup, openGroup } from "../open.ts";
import { streamsOf } from "../streams/log-streams.ts";
import { EventRow, readPointer } from "./row.ts";
import { textOf } from "./values.ts";

const ownFields = ["@ingestionTime", "@log", "@logStream", "@message", "@timestamp"];
/** Fields are counted in so many events of a group at most. */
const sampleSize = 1_000;
const aroundMs = 8 * 60_000;
const beforeMs = 15 * 60_000;

export const logRecords = {
  /** The whole of an event that a query found. */
  GetLogRecord(ctx, input) {
    const pointer = readPointer(input.logRecordPointer);
    if (pointer === undefined) {
      throw ctx.error("InvalidParameterException", "The specified log record pointer is invalid.");
    }
    return ctx.read((snapshot) => {
      const name = groupNameOf(pointer.group);
      const group = findGroup(snapshot, ctx, name);
      const window = { startMs: pointer.timestampMs, endMs: pointer.timestampMs + 1 };
      const stream = { number: pointer.stream };
      const isKept = group !== undefined && pointer.timestampMs >= oldestKeptMs(ctx, group);
      if (isKept) {
        for (const event of eventsOf(snapshot, ctx, stream, { ...window, reverse: false })) {
          if (event.sequence !== pointer.sequence) continue;
          const row = new EventRow(event, {
            stream: pointer.streamName,
            streamNumber: pointer.stream,
            log: `${ctx.account}:${name}`,
            group: pointer.group,
          });
          return { logRecord: recordOf(row) };
        }
      }
      throw ctx.error("ResourceNotFoundException", "The specified log record does not exist.");
    });
  },

  /** Which fields events have, and how many of them: in a sample. */
  GetLogGroupFields(ctx, input) {
    const groupName = namedGroup(ctx, input);
    return ctx.read((snapshot) => {
      const group = openGroup(snapshot, ctx, groupName);
      const nowMs = ctx.now();
      const { time } = input;
      const window =
        time === undefined
          ? { startMs: nowMs - beforeMs, endMs: nowMs + 1 }
          : { startMs: time - aroundMs, endMs: time + aroundMs };
      const counts = new Map(ownFields.map((field) => [field, 0]));
      let events = 0;
      for (const stream of streamsOf(snapshot, ctx, group)) {
        for (const event of eventsOf(snapshot, ctx, stream, { ...window, reverse: true })) {
          if (events === sampleSize) break;
          events += 1;
          for (const field of [...ownFields, ...(discoveredFields(event.message)?.keys() ?? [])]) {
            counts.set(field, (counts.get(field) ?? 0) + 1);
          }
        }
      }
      if (events === 0) return { logGroupFields: [] };
      const logGroupFields = [...counts].map(([name, count]) => ({
        name,
        percent: Math.round((100 * count) / events),
      }));
      return { logGroupFields };
    });
  },
} satisfies Handlers<CloudWatchLogs>;

function recordOf(row: EventRow): Record<string, string> {
  const record: Record<string, string> = {};
  for (const field of [...ownFields, "@ptr"]) record[field] = textOf(row.get(field))!;
  const { timestampMs } = row;
  record["@timestamp"] = String(timestampMs);
  for (const [field, value] of row.discovered ?? []) record[field] = value;
  return record;
}
