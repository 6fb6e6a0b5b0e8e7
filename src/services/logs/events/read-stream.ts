import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { chunksPrefix } from "../keyspace.ts";
import { type Chunk, chunksWithin, spansMs, type TimeWindow } from "./chunks.ts";
import { compareEvents, type LogEvent } from "./event-block.ts";
import { merged } from "./merged.ts";
import { tailEvents } from "./tail.ts";

export interface Reading extends TimeWindow {
  /** Latest first. */
  readonly reverse: boolean;
  /** Counts what is decoded on the way, whether it is in the window or not. */
  readonly onScanned?: (bytes: number) => void;
}

/** A stream's events within a window of time, by time and then by arrival. Read lazily: stop when it is enough. */
export function eventsOf(
  snapshot: Snapshot,
  ctx: Context,
  stream: { readonly number: number },
  reading: Reading,
): Iterable<LogEvent> {
  const prefix = chunksPrefix(ctx, stream);
  const sources = spansMs.map((_, span) =>
    eventsOfChunks(
      chunksWithin(snapshot, prefix, span, reading, reading.reverse),
      spansMs[span]!,
      reading,
    ),
  );
  return merged([...sources, eventsOfTail(snapshot, ctx, stream, reading)], orderOf(reading));
}

const orderOf = ({ reverse }: Reading): typeof compareEvents =>
  reverse ? (one, other) => compareEvents(other, one) : compareEvents;

function* eventsOfTail(
  snapshot: Snapshot,
  ctx: Context,
  stream: { readonly number: number },
  reading: Reading,
): Iterable<LogEvent> {
  yield* within(tailEvents(snapshot, ctx, stream), reading);
}

/** The events of chunks that come in the order of their first events; neighbours may overlap. */
function* eventsOfChunks(
  chunks: Iterable<Chunk>,
  spanMs: number,
  reading: Reading,
): Iterable<LogEvent> {
  const order = orderOf(reading);
  let waiting: LogEvent[] = [];
  for (const chunk of chunks) {
    // No event of this chunk or a later one comes before this time.
    const boundMs = reading.reverse ? chunk.firstMs + spanMs : chunk.firstMs;
    let ready = 0;
    while (ready < waiting.length && isBefore(waiting[ready]!.timestampMs, boundMs, reading)) {
      ready += 1;
    }
    for (let at = 0; at < ready; at += 1) yield waiting[at]!;
    reading.onScanned?.(chunk.sizeBytes);
    const events = within(chunk.events(), reading);
    waiting =
      ready === waiting.length ? events : [...waiting.slice(ready), ...events].toSorted(order);
  }
  yield* waiting;
}

const isBefore = (atMs: number, boundMs: number, { reverse }: Reading): boolean =>
  reverse ? atMs > boundMs : atMs < boundMs;

function within(events: LogEvent[], { startMs, endMs, reverse }: Reading): LogEvent[] {
  const first = events[0];
  const last = events.at(-1);
  if (first === undefined || last === undefined) return events;
  const wanted =
    first.timestampMs >= startMs && last.timestampMs < endMs
      ? events
      : events.filter(({ timestampMs }) => timestampMs >= startMs && timestampMs < endMs);
  return reverse ? wanted.toReversed() : wanted;
}
