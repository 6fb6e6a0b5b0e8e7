import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs } from "#models/logs.ts";
import { oldestKeptMs } from "../groups/retention.ts";
import { namedGroup } from "../names.ts";
import { openGroup, openStream } from "../open.ts";
import { eventOverheadBytes, type LogEvent } from "./event-block.ts";
import { eventsOf } from "./read-stream.ts";
import { type Direction, pageToken, type Place, readPageToken } from "./tokens.ts";

/** Source: API reference, GetLogEvents. */
export const pageEventsAtMost = 10_000;
export const pageBytesAtMost = 1_048_576;

/** Later than any event. */
const endOfTimeMs = Number.MAX_SAFE_INTEGER;

export const getLogEvents = {
  /**
   * A page of a stream, earliest first in either direction. A forward token stands behind the page's last event, a
   * backward token before its first; at the stream's end the forward token comes back as it was given.
   */
  GetLogEvents(ctx, input) {
    const groupName = namedGroup(ctx, input);
    const given = input.nextToken === undefined ? undefined : readPageToken(ctx, input.nextToken);
    const direction: Direction = given?.direction ?? (input.startFromHead === true ? "f" : "b");
    const limit = input.limit ?? pageEventsAtMost;
    return ctx.read((snapshot) => {
      const group = openGroup(snapshot, ctx, groupName);
      const stream = openStream(snapshot, ctx, group, input.logStreamName);
      const place = given?.place;
      const isForward = direction === "f";
      const firstMs = Math.max(input.startTime ?? 0, oldestKeptMs(ctx, group));
      const lastMs = input.endTime ?? endOfTimeMs;
      const window = {
        startMs: Math.max(firstMs, isForward ? (place?.timestampMs ?? 0) : 0),
        endMs: Math.min(lastMs, isForward ? endOfTimeMs : (place?.timestampMs ?? endOfTimeMs) + 1),
      };
      const page: LogEvent[] = [];
      let sizeBytes = 0;
      for (const event of eventsOf(snapshot, ctx, stream, { ...window, reverse: !isForward })) {
        if (place !== undefined && !isBeyond(event, place, isForward)) continue;
        sizeBytes += Buffer.byteLength(event.message) + eventOverheadBytes;
        if (page.length === limit || (sizeBytes > pageBytesAtMost && page.length > 0)) break;
        page.push(event);
      }
      if (!isForward) page.reverse();
      const at = ({ timestampMs, sequence }: LogEvent): Place => {
        return { timestampMs, sequence, stream: stream.number };
      };
      // An empty page stays where it is: later events lie behind it, earlier ones before.
      const resting = place ?? { timestampMs: firstMs, sequence: 0, stream: stream.number };
      const last = page.at(-1);
      const first = page[0];
      const behind = last === undefined ? resting : at(last);
      const before =
        first === undefined
          ? isForward && place !== undefined
            ? { ...place, sequence: place.sequence + 1 }
            : resting
          : at(first);
      return {
        events: page.map(({ timestampMs, message, ingestedMs }) => ({
          timestamp: timestampMs,
          message,
          ingestionTime: ingestedMs,
        })),
        nextForwardToken: pageToken("f", behind),
        nextBackwardToken: pageToken("b", before),
      };
    });
  },
} satisfies Handlers<CloudWatchLogs>;

function isBeyond(event: LogEvent, place: Place, isForward: boolean): boolean {
  const difference = event.timestampMs - place.timestampMs || event.sequence - place.sequence;
  return isForward ? difference > 0 : difference < 0;
}
