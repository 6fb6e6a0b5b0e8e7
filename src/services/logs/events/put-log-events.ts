import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs, InputLogEvent, RejectedLogEventsInfo } from "#models/logs.ts";
import type { Transaction } from "#store/store.ts";
import { addToGroupSize } from "../groups/group-size.ts";
import { dayMs, oldestKeptMs } from "../groups/retention.ts";
import { measureMatches } from "../metric-filters/measure-matches.ts";
import { openGroup, openStream } from "../open.ts";
import type { GroupRecord, StreamRecord } from "../records.ts";
import { queueMatches } from "../subscriptions/queue-matches.ts";
import { tellSessions } from "../live-tail/sessions.ts";
import { eventOverheadBytes } from "./event-block.ts";
import { type Appended, appendEvents } from "./tail.ts";
import { sequenceToken } from "./tokens.ts";

/** Source: API reference, PutLogEvents. */
const batchBytesAtMost = 1_048_576;
const longestBatchMs = 24 * 3_600_000;
const newestAheadMs = 2 * 3_600_000;
const oldestAgoMs = 14 * dayMs;

/** What follows from events that were put, each in the same transaction or once it has committed. */
export interface Ingested {
  readonly group: GroupRecord;
  readonly stream: StreamRecord;
  readonly events: Appended["events"];
}

export const putLogEvents = {
  /** Sequence tokens are taken and ignored, as AWS does since 2023. */
  PutLogEvents(ctx, input) {
    const { logEvents: given } = input;
    checkBatch(ctx, given);
    return ctx.transact((tx) => {
      const group = openGroup(tx, ctx, input.logGroupName);
      const stream = openStream(tx, ctx, group, input.logStreamName);
      const { taken, rejected } = sorted(ctx, group, given);
      const next = taken.length === 0 ? undefined : append(tx, ctx, group, stream, taken);
      return {
        nextSequenceToken: sequenceToken(stream, next ?? 1),
        rejectedLogEventsInfo: rejected,
      };
    });
  },
} satisfies Handlers<CloudWatchLogs>;

function append(
  tx: Transaction,
  ctx: Context,
  group: GroupRecord,
  stream: StreamRecord,
  taken: readonly InputLogEvent[],
): number {
  const appended = appendEvents(tx, ctx, stream, {
    events: taken.map(({ timestamp, message }) => ({
      timestampMs: timestamp,
      message: message.toWellFormed(),
    })),
    nowMs: ctx.now(),
    indexed: group.index?.fields,
  });
  if (appended.sealedBytes > 0) addToGroupSize(tx, ctx, group, appended.sealedBytes);
  const ingested: Ingested = { group, stream, events: appended.events };
  if (group.metricFilters > 0) measureMatches(tx, ctx, ingested);
  if (group.subscriptions > 0) queueMatches(tx, ctx, ingested);
  tellSessions(tx, ctx, ingested);
  return appended.state.nextSequence;
}

/** Words: recorded (the order), and AWS's as clients report them. */
function checkBatch(
  ctx: Context<"InvalidParameterException">,
  events: readonly InputLogEvent[],
): void {
  const refuse = (message: string): Error => ctx.error("InvalidParameterException", message);
  let sizeBytes = 0;
  let before = -Infinity;
  for (const { timestamp, message } of events) {
    if (timestamp < before) {
      throw refuse("Log events in a single PutLogEvents request must be in chronological order.");
    }
    before = timestamp;
    sizeBytes += Buffer.byteLength(message) + eventOverheadBytes;
  }
  if (sizeBytes > batchBytesAtMost) {
    throw refuse(`Upload too large: ${sizeBytes} bytes exceeds limit of ${batchBytesAtMost}`);
  }
  if (before - events[0]!.timestamp > longestBatchMs) {
    throw refuse(
      "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
    );
  }
}

/** Which events are taken, and which are too new, too old, or older than the group keeps them. */
function sorted(
  ctx: Context,
  group: GroupRecord,
  events: readonly InputLogEvent[],
): { readonly taken: readonly InputLogEvent[]; readonly rejected?: RejectedLogEventsInfo } {
  const nowMs = ctx.now();
  const countBefore = (ms: number): number => {
    const first = events.findIndex(({ timestamp }) => timestamp >= ms);
    return first === -1 ? events.length : first;
  };
  const tooOld = countBefore(nowMs - oldestAgoMs);
  const expired = group.retentionDays === undefined ? 0 : countBefore(oldestKeptMs(ctx, group));
  const tooNew = countBefore(nowMs + newestAheadMs + 1);
  const from = Math.max(tooOld, expired);
  if (from === 0 && tooNew === events.length) return { taken: events };
  // Ends are exclusive. Source: API reference, RejectedLogEventsInfo.
  const rejected = {
    ...(tooNew < events.length && { tooNewLogEventStartIndex: tooNew }),
    ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
    ...(expired > tooOld && { expiredLogEventEndIndex: expired }),
  };
  return { taken: events.slice(from, tooNew), rejected };
}
