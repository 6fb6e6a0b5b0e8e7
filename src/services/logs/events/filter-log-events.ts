import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs, FilteredLogEvent, FilterLogEventsRequest } from "#models/logs.ts";
import type { Snapshot } from "#store/store.ts";
import { oldestKeptMs } from "../groups/retention.ts";
import { namedGroup } from "../names.ts";
import { openGroup, openStream } from "../open.ts";
import { type FilterPattern, parseFilterPattern } from "../patterns/filter-pattern.ts";
import type { GroupRecord, StreamRecord } from "../records.ts";
import { streamsOf } from "../streams/log-streams.ts";
import type { TimeWindow } from "./chunks.ts";
import { detached, eventOverheadBytes, type LogEvent } from "./event-block.ts";
import { pageBytesAtMost, pageEventsAtMost } from "./get-log-events.ts";
import { merged } from "./merged.ts";
import { eventsOf } from "./read-stream.ts";
import { readState } from "./tail.ts";
import { eventId, filterToken, type Place, readFilterToken } from "./tokens.ts";

/** So much is looked at within one moment of the store, and for one page, which may then be short, or empty. */
const bytesPerLook = 2_000_000;
const bytesPerPage = 64_000_000;

export const filterLogEvents = {
  /** The matching events of a group, or of some of its streams, by time. */
  async FilterLogEvents(ctx, input) {
    const groupName = namedGroup(ctx, input);
    if (input.logStreamNames !== undefined && input.logStreamNamePrefix !== undefined) {
      throw ctx.error(
        "InvalidParameterException",
        "LogStreamNames and LogStreamNamePrefix are mutually exclusive parameters.",
      );
    }
    const { startTime = 0, endTime = Number.MAX_SAFE_INTEGER - 1 } = input;
    if (endTime < startTime) {
      throw ctx.error("InvalidParameterException", "End time must be greater than start time.");
    }
    const pattern = parseFilterPattern(ctx, input.filterPattern ?? "");
    const page = new Page(input.limit ?? pageEventsAtMost);
    const reverse = input.startFromHead === false;
    let place = input.nextToken === undefined ? undefined : readFilterToken(ctx, input.nextToken);
    let isDone = false;
    while (!isDone && !page.isFull && page.scannedBytes < bytesPerPage) {
      const seen = await ctx.read((snapshot) => {
        const group = openGroup(snapshot, ctx, groupName);
        const streams = wantedStreams(snapshot, ctx, group, input);
        const startMs = Math.max(startTime, oldestKeptMs(ctx, group));
        const look = { streams, window: { startMs, endMs: endTime + 1 }, reverse, place };
        return lookOn(snapshot, ctx, look, pattern, page);
      });
      ({ isDone } = seen);
      place = seen.place ?? place;
    }
    return {
      events: page.events,
      // Deprecated, and empty. Source: API reference.
      searchedLogStreams: [],
      ...(!isDone && place !== undefined && { nextToken: filterToken(place) }),
    };
  },
} satisfies Handlers<CloudWatchLogs>;

class Page {
  readonly events: FilteredLogEvent[] = [];
  readonly #limit: number;
  #sizeBytes = 0;
  scannedBytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.events.length >= this.#limit || this.#sizeBytes >= pageBytesAtMost;
  }

  add(stream: StreamRecord, { timestampMs, message, ingestedMs, sequence }: LogEvent): void {
    this.#sizeBytes += Buffer.byteLength(message) + eventOverheadBytes;
    this.events.push({
      logStreamName: stream.name,
      timestamp: timestampMs,
      message: detached(message),
      ingestionTime: ingestedMs,
      eventId: eventId({ timestampMs, stream: stream.number, sequence }),
    });
  }
}

interface Look {
  readonly streams: readonly StreamRecord[];
  readonly window: TimeWindow;
  readonly reverse: boolean;
  readonly place: Place | undefined;
}

interface FoundEvent {
  readonly stream: StreamRecord;
  readonly event: LogEvent;
}

/** Goes on behind the place; answers where it has come to, and whether that was all. */
function lookOn(
  snapshot: Snapshot,
  ctx: Context,
  { streams, window, reverse, place }: Look,
  pattern: FilterPattern,
  page: Page,
): { readonly place: Place | undefined; readonly isDone: boolean } {
  let scannedBytes = 0;
  const onScanned = (bytes: number): void => {
    scannedBytes += bytes;
    page.scannedBytes += bytes;
  };
  const rest = place === undefined ? window : restOf(window, place, reverse);
  const sources = streams
    .filter((stream) => {
      const { firstMs, lastMs } = readState(snapshot, ctx, stream);
      return firstMs !== -1 && lastMs >= rest.startMs && firstMs < rest.endMs;
    })
    .map((stream) =>
      found(stream, eventsOf(snapshot, ctx, stream, { ...rest, reverse, onScanned })),
    );
  const sign = reverse ? -1 : 1;
  const order = (one: FoundEvent, other: FoundEvent): number => sign * compare(one, placeOf(other));
  let reached: Place | undefined;
  // To begin, each stream needs what it begins with: that is no progress yet.
  let bytesToBegin: number | undefined;
  for (const one of merged(sources, order)) {
    bytesToBegin ??= scannedBytes;
    if (place !== undefined && sign * compare(one, place) <= 0) continue;
    if (reached !== undefined && (page.isFull || scannedBytes - bytesToBegin > bytesPerLook)) {
      return { place: reached, isDone: false };
    }
    if (pattern.matches(one.event.message)) page.add(one.stream, one.event);
    reached = placeOf(one);
  }
  return { place: reached, isDone: true };
}

function* found(stream: StreamRecord, events: Iterable<LogEvent>): Iterable<FoundEvent> {
  for (const event of events) yield { stream, event };
}

const placeOf = ({ stream, event: { timestampMs, sequence } }: FoundEvent): Place => {
  return { timestampMs, stream: stream.number, sequence };
};

const compare = ({ stream, event }: FoundEvent, place: Place): number =>
  event.timestampMs - place.timestampMs ||
  stream.number - place.stream ||
  event.sequence - place.sequence;

const restOf = (window: TimeWindow, { timestampMs }: Place, reverse: boolean): TimeWindow =>
  reverse
    ? { ...window, endMs: Math.min(window.endMs, timestampMs + 1) }
    : { ...window, startMs: Math.max(window.startMs, timestampMs) };

function wantedStreams(
  snapshot: Snapshot,
  ctx: Context<"InvalidParameterException" | "ResourceNotFoundException">,
  group: GroupRecord,
  { logStreamNames: names, logStreamNamePrefix: prefix }: FilterLogEventsRequest,
): StreamRecord[] {
  if (names === undefined) return streamsOf(snapshot, ctx, group, prefix);
  return [...new Set(names)].map((name) => openStream(snapshot, ctx, group, name));
}
