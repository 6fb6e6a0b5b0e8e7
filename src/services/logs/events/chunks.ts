import { endOfPrefix, type Key } from "#base/key.ts";
import { decodeTuple, integer } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { chunksFrom, chunksPrefix } from "../keyspace.ts";
import { decodeBlock, encodeBlock, eventOverheadBytes, type LogEvent } from "./event-block.ts";
import { indexOfValues, type IndexedFields, readValueIndex } from "./value-index.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

/**
 * Chunks: a stream's events in compressed blocks that never change.
 *
 * C1. A chunk's events lie within a day, and it stands under the smallest span of `spansMs` that holds them, then by
 *     the time of its first event. So whoever looks for a time finds each chunk that can hold it within one span before
 *     it: three short ranges, however many chunks the stream has.
 * C2. Chunks may overlap where events arrived out of order; each event is in one chunk.
 *
 *     value  version, count, span from first to last event, bytes as AWS counts them, index of values (value-index.ts), block
 */
export const spansMs: readonly number[] = [10_000, 600_000, 24 * 3_600_000];

const version = 1;

export interface Chunk {
  readonly key: Key;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  /** As AWS counts: messages and 26 bytes for each. */
  readonly sizeBytes: number;
  /** Hashes of what its events have in indexed fields; undefined: nobody knows. */
  readonly index: ReadonlyMap<string, Uint32Array> | undefined;
  events(): LogEvent[];
}

/** Writes events, in order, as one chunk or, where they lie far apart, several. Answers their size. */
export function writeChunks(
  tx: Transaction,
  ctx: Context,
  stream: { readonly number: number },
  events: readonly LogEvent[],
  fields: IndexedFields | undefined,
): number {
  const prefix = chunksPrefix(ctx, stream);
  const longestMs = spansMs.at(-1)!;
  let sizeBytes = 0;
  for (let from = 0; from < events.length;) {
    const firstMs = events[from]!.timestampMs;
    let to = from + 1;
    while (to < events.length && events[to]!.timestampMs - firstMs <= longestMs) to += 1;
    const part = events.slice(from, to);
    const key = chunksFrom(prefix, spanOf(part), firstMs) + integer(part[0]!.sequence);
    const size = sizeOfEvents(part);
    tx.put(key, encodeChunk(part, size, fields));
    sizeBytes += size;
    from = to;
  }
  return sizeBytes;
}

export function sizeOfEvents(events: readonly { readonly message: string }[]): number {
  let size = 0;
  for (const { message } of events) size += Buffer.byteLength(message) + eventOverheadBytes;
  return size;
}

function spanOf(events: readonly LogEvent[]): number {
  const lengthMs = events.at(-1)!.timestampMs - events[0]!.timestampMs;
  return spansMs.findIndex((spanMs) => lengthMs <= spanMs);
}

function encodeChunk(
  events: readonly LogEvent[],
  sizeBytes: number,
  fields: IndexedFields | undefined,
): Buffer {
  const head = new VarintWriter();
  head.unsigned(version);
  head.unsigned(events.length);
  head.unsigned(events.at(-1)!.timestampMs - events[0]!.timestampMs);
  head.unsigned(sizeBytes);
  const index = indexOfValues(events, fields);
  head.unsigned(index.length);
  return Buffer.concat([head.finish(), index, encodeBlock(events)]);
}

export function decodeChunk(prefix: Key, key: Key, value: Buffer): Chunk {
  const [, firstMs] = decodeTuple(key.slice(prefix.length)) as [number, number, number];
  const head = new VarintReader(value);
  if (head.unsigned() !== version) throw new Error("a chunk of log events of an unknown version");
  const count = head.unsigned();
  const lastMs = firstMs + head.unsigned();
  const sizeBytes = head.unsigned();
  const indexBytes = head.unsigned();
  const block = head.at + indexBytes;
  return {
    key,
    firstMs,
    lastMs,
    count,
    sizeBytes,
    get index() {
      return readValueIndex(value.subarray(head.at, block));
    },
    events: () => decodeBlock(value.subarray(block)),
  };
}

export interface TimeWindow {
  /** Inclusive. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
}

/** The chunks of one span that may have events in the window, by the time of their first event. */
export function* chunksWithin(
  snapshot: Snapshot,
  prefix: Key,
  span: number,
  { startMs, endMs }: TimeWindow,
  reverse: boolean,
): Iterable<Chunk> {
  const start = chunksFrom(prefix, span, startMs - spansMs[span]!);
  const end =
    endMs > Number.MAX_SAFE_INTEGER
      ? endOfPrefix(prefix + integer(span))
      : chunksFrom(prefix, span, endMs);
  if (start >= end) return;
  for (const { key, value } of snapshot.range({ start, end, reverse })) {
    const chunk = decodeChunk(prefix, key, value);
    if (chunk.lastMs >= startMs) yield chunk;
  }
}
