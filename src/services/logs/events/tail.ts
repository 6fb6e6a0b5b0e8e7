import { integer } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { tailPrefix } from "../keyspace.ts";
import { sizeOfEvents, writeChunks } from "./chunks.ts";
import { compareEvents, decodeBlock, encodeBlock, type LogEvent } from "./event-block.ts";
import type { IndexedFields } from "./value-index.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

/**
 * A stream's tail: a ring of slots, one for each write, that holds its state and the events that are not in a chunk yet.
 *
 * T1. The n-th write to a stream, counted from 0, goes to slot `n % slots`. Its entry has the stream's state after it, so a write is one
 *     entry and nothing is read, changed and written back that grows.
 * T2. Writes up to `state.sealedThrough` are in chunks. The write that makes the tail too large, or comes to the ring's
 *     end, puts all that is in it into a chunk in the same transaction.
 * T3. Slots are written over, never deleted: what goes from the tail into a chunk costs no write in the tail.
 *
 * So an event is written once as it came, and once more, compressed, with the others of its chunk.
 *
 *     entry  version, state, block of events (or nothing)
 */
export interface StreamState {
  /** How many writes there were. */
  readonly writes: number;
  readonly sealedThrough: number;
  readonly nextSequence: number;
  /** Times of the earliest and latest event, and when the last one arrived; -1: no event. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly ingestedMs: number;
  /** Of the events in the tail, before compression. */
  readonly tailBytes: number;
}

type NumberedStream = { readonly number: number };

const version = 1;
export const slots = 128;
/** A chunk is made of about so much: enough to be worth compressing, little enough to be read for one event. */
const sealAtBytes = 64 * 1024;

const emptyState: StreamState = {
  writes: 0,
  sealedThrough: 0,
  nextSequence: 1,
  firstMs: -1,
  lastMs: -1,
  ingestedMs: -1,
  tailBytes: 0,
};

function encodeEntry(state: StreamState, events: readonly LogEvent[]): Buffer {
  const head = new VarintWriter();
  head.unsigned(version);
  head.unsigned(state.writes);
  head.unsigned(state.writes - state.sealedThrough);
  head.unsigned(state.nextSequence);
  head.unsigned(state.firstMs + 1);
  head.signed(state.lastMs - state.firstMs);
  head.signed(state.ingestedMs - state.lastMs);
  head.unsigned(state.tailBytes);
  return events.length === 0
    ? Buffer.from(head.finish())
    : Buffer.concat([head.finish(), encodeBlock(events)]);
}

function decodeEntry(entry: Buffer): { readonly state: StreamState; readonly block: Buffer } {
  const head = new VarintReader(entry);
  if (head.unsigned() !== version) throw new Error("a tail of a log stream of an unknown version");
  const writes = head.unsigned();
  const sealedThrough = writes - head.unsigned();
  const nextSequence = head.unsigned();
  const firstMs = head.unsigned() - 1;
  const lastMs = firstMs + head.signed();
  const ingestedMs = lastMs + head.signed();
  const tailBytes = head.unsigned();
  const state = { writes, sealedThrough, nextSequence, firstMs, lastMs, ingestedMs, tailBytes };
  return { state, block: entry.subarray(head.at) };
}

/** The state of a stream that nobody wrote to yet is empty. */
export function readState(snapshot: Snapshot, ctx: Context, stream: NumberedStream): StreamState {
  const prefix = tailPrefix(ctx, stream);
  const entryOf = (slot: number): StreamState | undefined => {
    const entry = snapshot.get(prefix + integer(slot));
    return entry && decodeEntry(entry).state;
  };
  // Slots behind the last write's hold writes of the round before, or nothing.
  let latest = entryOf(0);
  if (latest === undefined) return emptyState;
  const base = latest.writes;
  let low = 0;
  let high = slots;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const found = entryOf(middle);
    if (found?.writes === base + middle) {
      latest = found;
      low = middle;
    } else high = middle;
  }
  return latest;
}

/** The events that are in no chunk, ordered. */
export function tailEvents(
  snapshot: Snapshot,
  ctx: Context,
  stream: NumberedStream,
  state: StreamState = readState(snapshot, ctx, stream),
): LogEvent[] {
  const waiting = state.writes - state.sealedThrough;
  if (waiting === 0) return [];
  const prefix = tailPrefix(ctx, stream);
  const events: LogEvent[] = [];
  for (let write = state.sealedThrough + 1; write <= state.writes; write += 1) {
    const entry = snapshot.get(prefix + integer((write - 1) % slots));
    if (entry === undefined) throw new Error("a log stream's tail lacks an entry");
    const { block } = decodeEntry(entry);
    if (block.length > 0) events.push(...decodeBlock(block));
  }
  return events.toSorted(compareEvents);
}

export interface Append {
  /** Ordered by time. */
  readonly events: readonly { readonly timestampMs: number; readonly message: string }[];
  readonly nowMs: number;
  readonly indexed: IndexedFields | undefined;
}

export interface Appended {
  readonly state: StreamState;
  readonly events: readonly LogEvent[];
  /** What went into chunks, as AWS counts it. */
  readonly sealedBytes: number;
}

export function appendEvents(
  tx: Transaction,
  ctx: Context,
  stream: NumberedStream,
  { events: given, nowMs, indexed }: Append,
): Appended {
  const before = readState(tx, ctx, stream);
  const events = given.map(({ timestampMs, message }, at): LogEvent => {
    return { timestampMs, message, sequence: before.nextSequence + at, ingestedMs: nowMs };
  });
  const writes = before.writes + 1;
  const tailBytes = before.tailBytes + sizeOfEvents(events);
  const firstMs = events[0]!.timestampMs;
  const lastMs = events.at(-1)!.timestampMs;
  const seals = tailBytes >= sealAtBytes || writes - before.sealedThrough >= slots;
  const state: StreamState = {
    writes,
    sealedThrough: seals ? writes : before.sealedThrough,
    nextSequence: before.nextSequence + events.length,
    firstMs: before.firstMs === -1 ? firstMs : Math.min(before.firstMs, firstMs),
    lastMs: Math.max(before.lastMs, lastMs),
    ingestedMs: nowMs,
    tailBytes: seals ? 0 : tailBytes,
  };
  let sealedBytes = 0;
  if (seals) {
    const waiting = tailEvents(tx, ctx, stream, before);
    const all = waiting.length === 0 ? events : [...waiting, ...events].toSorted(compareEvents);
    sealedBytes = writeChunks(tx, ctx, stream, all, indexed);
  }
  const slot = (writes - 1) % slots;
  tx.put(tailPrefix(ctx, stream) + integer(slot), encodeEntry(state, seals ? [] : events));
  return { state, events, sealedBytes };
}
