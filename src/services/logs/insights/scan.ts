import type { Key } from "#base/key.ts";
import type { JobContext } from "#kernel/context.ts";
import { type Chunk, decodeChunk, spansMs, type TimeWindow } from "../events/chunks.ts";
import type { LogEvent } from "../events/event-block.ts";
import { readState, tailEvents } from "../events/tail.ts";
import { chunksFrom, chunksPrefix } from "../keyspace.ts";
import type { StreamRecord } from "../records.ts";

/** So much is read within one moment of the store: some milliseconds of work. */
const bytesPerLook = 1_000_000;

export interface Visitor {
  onEvents(events: readonly LogEvent[]): void;
  /** Chunks that cannot have what is wanted are not read. */
  isWanted?(chunk: Chunk): boolean;
  onSkipped?(chunk: Chunk): void;
  readonly onScanned?: (events: number, bytes: number) => void;
  /** Asked between looks: whether nobody wants the rest. */
  readonly isStopped?: () => boolean;
}

/**
 * Reads a stream's events within a window of time, in no order, in looks that hold up nobody for long. Each event that
 * was there at the beginning is seen once, also if the tail goes into chunks meanwhile: what is sealed later has larger
 * sequence numbers than what was sealed before.
 */
export async function scanStream(
  ctx: JobContext,
  stream: StreamRecord,
  window: TimeWindow,
  visitor: Visitor,
): Promise<void> {
  const tail = await ctx.read((snapshot) => {
    const state = readState(snapshot, ctx, stream);
    return { state, events: tailEvents(snapshot, ctx, stream, state) };
  });
  const { state, events } = tail;
  if (state.firstMs === -1 || state.lastMs < window.startMs || state.firstMs >= window.endMs)
    return;
  const inWindow = ({ timestampMs }: LogEvent): boolean =>
    timestampMs >= window.startMs && timestampMs < window.endMs;
  let sealedBelow = state.nextSequence;
  for (const { sequence } of events) sealedBelow = Math.min(sealedBelow, sequence);
  visitor.onScanned?.(events.length, state.tailBytes);
  visitor.onEvents(events.filter(inWindow));

  const prefix = chunksPrefix(ctx, stream);
  for (const [span, spanMs] of spansMs.entries()) {
    const end = chunksFrom(prefix, span, Math.min(window.endMs, Number.MAX_SAFE_INTEGER));
    let start: Key | undefined = chunksFrom(prefix, span, window.startMs - spanMs);
    while (start !== undefined && start < end) {
      if (visitor.isStopped?.() === true) return;
      const from: Key = start;
      start = await ctx.read((snapshot) => {
        let bytes = 0;
        for (const { key, value } of snapshot.range({ start: from, end })) {
          if (bytes > bytesPerLook) return key;
          const chunk = decodeChunk(prefix, key, value);
          if (chunk.lastMs < window.startMs) continue;
          if (visitor.isWanted?.(chunk) === false) {
            visitor.onSkipped?.(chunk);
            bytes += value.length / 10;
            continue;
          }
          bytes += chunk.sizeBytes;
          visitor.onScanned?.(chunk.count, chunk.sizeBytes);
          visitor.onEvents(
            chunk.events().filter((event) => event.sequence < sealedBelow && inWindow(event)),
          );
        }
        return undefined;
      });
    }
  }
}
