import type { Key } from "#base/key.ts";
import { endOfPrefix } from "#base/key.ts";
import { integer, tuple } from "#base/tuple.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import {
  firstUntrimmed,
  type LogShard,
  type LogShards,
  shardsCodec,
  shardsWithChildren,
  wholeRange,
} from "./log-shards.ts";

/**
 * A log: entries that are appended in a transaction, read by many, and forgotten by age; in shards, so that readers
 * share the work.
 *
 * L1. An entry is there exactly when the transaction that appended it committed, and never changes.
 * L2. Sequence numbers grow over the whole log in the order of the commits, and none is given out twice: not after a
 *     trim, not after a restart.
 * L3. The open shards share out all 2^32 hashes among them, each hash to one. An entry goes to the open shard of its
 *     hash. A shard is closed in the transaction that opens its children (or ends the log): whoever reads parents to
 *     their end before their children reads the entries of each hash in the order in which they were appended.
 * L4. From entry to entry of a log, times do not go back: where the clock was set back, an entry has the time of the
 *     one before.
 * L5. Trimming takes each shard's oldest entries away first, and the shard remembers up to which one: who comes too
 *     late can tell. A shard itself is forgotten only when it is closed, empty and of that age.
 * L6. What an append costs does not depend on how long the log is; a step of trimming is bounded.
 *
 * Nothing is appended to a log that is closed; its entries can be read until they are trimmed.
 */
export interface Log {
  readonly shards: Key;
  readonly state: Key;
  readonly entries: Key;
}

/** Where a log with this key stands. All keys that begin with it are the log's. */
export function logAt(key: Key): Log {
  return {
    shards: key + tuple("shards"),
    state: key + tuple("state"),
    entries: key + tuple("entry"),
  };
}

/** When a shard is split in two. Each counts for itself: a part of the hashes may be busy while others rest. */
export interface SplitRule {
  /** More entries than this within a window split the shard that got them. */
  readonly entries: number;
  readonly windowMs: number;
  /** At so many open shards no more are split. */
  readonly openShardsAtMost: number;
}

/** What a partition of DynamoDB takes and a shard of Kinesis: 1,000 writes a second, for a while. */
export const defaultSplit: SplitRule = { entries: 10_000, windowMs: 10_000, openShardsAtMost: 64 };

export interface LogEntry {
  readonly sequence: number;
  readonly atMs: number;
  readonly value: Buffer;
}

/** An entry begins with its time; what the caller writes stands behind that. */
export const entryHeaderBytes = 8;

/** Room for an entry of so many bytes, to be written from `entryHeaderBytes` on and handed to `LogWriter.append`. */
export function newEntry(valueBytes: number): Buffer {
  return Buffer.allocUnsafe(entryHeaderBytes + valueBytes);
}

/** Begins a log with one shard. */
export function openLog(tx: Transaction, log: Log, nowMs: number): void {
  const first: LogShard = { id: 0, hashes: wholeRange, openedAtMs: nowMs, firstSequence: 1 };
  tx.putRecord(log.shards, shardsCodec, { shards: [first], nextId: 1 });
  tx.put(log.state, encodeState({ nextSequence: 1, lastMs: nowMs, loads: [newLoad(0, nowMs)] }));
}

/** How busy an open shard is: the entries since the beginning of its window. */
interface Load {
  readonly shardId: number;
  sinceMs: number;
  entries: number;
}

interface State {
  nextSequence: number;
  lastMs: number;
  /** Of the open shards. */
  loads: Load[];
}

const newLoad = (shardId: number, sinceMs: number): Load => ({ shardId, sinceMs, entries: 0 });

const stateBytes = 1 + 8 + 8;
const loadBytes = 4 + 8 + 4;
const version = 1;

function encodeState({ nextSequence, lastMs, loads }: State): Buffer {
  const bytes = Buffer.allocUnsafe(stateBytes + loads.length * loadBytes);
  bytes[0] = version;
  bytes.writeDoubleBE(nextSequence, 1);
  bytes.writeDoubleBE(lastMs, 9);
  let at = stateBytes;
  for (const load of loads) {
    bytes.writeUInt32BE(load.shardId, at);
    bytes.writeDoubleBE(load.sinceMs, at + 4);
    bytes.writeUInt32BE(load.entries, at + 12);
    at += loadBytes;
  }
  return bytes;
}

function readState(snapshot: Snapshot, log: Log): State | undefined {
  const bytes = snapshot.get(log.state);
  if (bytes === undefined) return undefined;
  const loads: Load[] = [];
  for (let at = stateBytes; at < bytes.length; at += loadBytes) {
    loads.push({
      shardId: bytes.readUInt32BE(at),
      sinceMs: bytes.readDoubleBE(at + 4),
      entries: bytes.readUInt32BE(at + 12),
    });
  }
  return { nextSequence: bytes.readDoubleBE(1), lastMs: bytes.readDoubleBE(9), loads };
}

function readShards(snapshot: Snapshot, log: Log): LogShards | undefined {
  return snapshot.record(log.shards, shardsCodec);
}

/**
 * Appends within one run of a transaction's body; `finish` ends it. What it reads of the log it reads once: one
 * writer at a time.
 */
export class LogWriter {
  readonly #tx: Transaction;
  readonly #log: Log;
  readonly #split: SplitRule;
  #shards: LogShards;
  readonly #state: State;

  /** Throws if there is no such log. */
  constructor(tx: Transaction, log: Log, split: SplitRule = defaultSplit) {
    const shards = readShards(tx, log);
    const state = readState(tx, log);
    if (shards === undefined || state === undefined) throw new Error("there is no such log");
    this.#tx = tx;
    this.#log = log;
    this.#split = split;
    this.#shards = shards;
    this.#state = state;
  }

  /** Appends an entry made with `newEntry`; answers its sequence number. `hash`: 32 bits. */
  append(hash: number, entry: Buffer, nowMs: number): number {
    const atMs = this.#timeOf(nowMs);
    let shard = this.#openShardOf(hash);
    if (this.#isOverloaded(shard.id, atMs)) {
      this.#halve(shard, atMs);
      shard = this.#openShardOf(hash);
    }
    this.#loadOf(shard.id).entries += 1;
    const sequence = this.#state.nextSequence++;
    entry.writeDoubleBE(atMs, 0);
    this.#tx.put(entryKey(this.#log, shard.id, sequence), entry);
    return sequence;
  }

  /** Closes the shards that were opened at this moment or before it, each with one child in its place. */
  rollShards(openedThroughMs: number, nowMs: number): void {
    const atMs = this.#timeOf(nowMs);
    for (const shard of this.#open()) {
      if (shard.openedAtMs <= openedThroughMs) this.#replace(shard, [shard.hashes], atMs);
    }
  }

  /** Closes all shards: nothing can be appended any more. */
  close(nowMs: number): void {
    const atMs = this.#timeOf(nowMs);
    for (const shard of this.#open()) this.#replace(shard, [], atMs);
  }

  finish(): void {
    this.#tx.put(this.#log.state, encodeState(this.#state));
  }

  /** L4. */
  #timeOf(nowMs: number): number {
    return (this.#state.lastMs = Math.max(nowMs, this.#state.lastMs));
  }

  #open(): LogShard[] {
    return this.#shards.shards.filter((shard) => shard.closed === undefined);
  }

  #openShardOf(hash: number): LogShard {
    // The open ones are among the last.
    const { shards } = this.#shards;
    for (let at = shards.length - 1; at >= 0; at--) {
      const shard = shards[at]!;
      if (shard.closed === undefined && hash >= shard.hashes.from && hash < shard.hashes.to) {
        return shard;
      }
    }
    throw new Error("nothing can be appended to a log that is closed");
  }

  #loadOf(shardId: number): Load {
    return this.#state.loads.find((load) => load.shardId === shardId)!;
  }

  #isOverloaded(shardId: number, atMs: number): boolean {
    const load = this.#loadOf(shardId);
    if (atMs - load.sinceMs >= this.#split.windowMs) {
      load.sinceMs = atMs;
      load.entries = 0;
    }
    const { entries, openShardsAtMost } = this.#split;
    return load.entries >= entries && this.#state.loads.length < openShardsAtMost;
  }

  #halve(shard: LogShard, atMs: number): void {
    const { from, to } = shard.hashes;
    const middle = Math.floor((from + to) / 2);
    if (middle === from) return;
    this.#replace(
      shard,
      [
        { from, to: middle },
        { from: middle, to },
      ],
      atMs,
    );
  }

  /** L3. The end takes a sequence number of its own, so a shard's first is never after its last. */
  #replace(shard: LogShard, children: readonly LogShard["hashes"][], atMs: number): void {
    const lastSequence = this.#state.nextSequence++;
    const firstSequence = this.#state.nextSequence;
    const after = shardsWithChildren(this.#shards, shard, children, {
      atMs,
      lastSequence,
      firstSequence,
    });
    const loads = this.#state.loads.filter((load) => load.shardId !== shard.id);
    for (const { id } of after.shards.slice(this.#shards.shards.length)) {
      loads.push(newLoad(id, atMs));
    }
    this.#state.loads = loads;
    this.#shards = after;
    this.#tx.putRecord(this.#log.shards, shardsCodec, after);
  }
}

/** The shards of a log, oldest first; none if there is no such log. */
export function shardsOf(snapshot: Snapshot, log: Log): readonly LogShard[] {
  return readShards(snapshot, log)?.shards ?? [];
}

/** The number that the next entry gets: what is appended from now on has it or a larger one. */
export function nextSequenceOf(snapshot: Snapshot, log: Log): number {
  return readState(snapshot, log)?.nextSequence ?? 1;
}

function entryKey(log: Log, shardId: number, sequence: number): Key {
  return log.entries + integer(shardId) + integer(sequence);
}

/** A shard's entries from a sequence number on, in order. Read a bounded number of them. */
export function* entriesOf(
  snapshot: Snapshot,
  log: Log,
  shardId: number,
  fromSequence: number,
  limit: number,
): Iterable<LogEntry> {
  const range = {
    start: entryKey(log, shardId, fromSequence),
    end: endOfPrefix(log.entries + integer(shardId)),
    limit,
  };
  for (const { key, value } of snapshot.range(range)) {
    yield {
      sequence: sequenceOf(key),
      atMs: value.readDoubleBE(0),
      value: value.subarray(entryHeaderBytes),
    };
  }
}

/** A key ends with the sequence number: eight bytes, of which the first is zero. */
function sequenceOf(key: Key): number {
  let sequence = 0;
  for (let at = key.length - 8; at < key.length; at++) {
    sequence = sequence * 256 + key.charCodeAt(at);
  }
  return sequence;
}

/** The sequence number of a shard's first entry that is not older than this moment; if there is none, the next one's. */
export function sequenceAtTime(
  snapshot: Snapshot,
  log: Log,
  shard: LogShard,
  atMs: number,
): number {
  const end = (shard.closed?.lastSequence ?? nextSequenceOf(snapshot, log) - 1) + 1;
  // By L4, everything before `low` is older, and everything from `high` on is not.
  let low = firstUntrimmed(shard);
  let high = end;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const entry = firstEntry(snapshot, log, shard.id, middle);
    if (entry === undefined || entry.sequence >= high || entry.atMs >= atMs) high = middle;
    else low = entry.sequence + 1;
  }
  return low;
}

function firstEntry(
  snapshot: Snapshot,
  log: Log,
  shardId: number,
  fromSequence: number,
): LogEntry | undefined {
  for (const entry of entriesOf(snapshot, log, shardId, fromSequence, 1)) return entry;
  return undefined;
}

/** Bounds of one step: it holds up everybody else's transactions for as long as it runs. */
export interface TrimLimits {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Takes away entries that are not younger than this moment, and the closed shards of that age that are empty. Answers
 * whether that was all; otherwise there is work for another step.
 */
export function trimLog(
  tx: Transaction,
  log: Log,
  throughMs: number,
  limits: TrimLimits = { entries: 500, bytes: 1_000_000 },
): boolean {
  const before = readShards(tx, log);
  if (before === undefined) return true;
  let { entries, bytes } = limits;
  let changed = false;
  const shards: LogShard[] = [];
  for (const shard of before.shards) {
    const old: LogEntry[] = [];
    let isDone = entries > 0 && bytes > 0;
    if (isDone) {
      for (const entry of entriesOf(tx, log, shard.id, firstUntrimmed(shard), entries + 1)) {
        if (entry.atMs > throughMs) break;
        if (old.length === entries || bytes <= 0) {
          isDone = false;
          break;
        }
        old.push(entry);
        bytes -= entry.value.length;
      }
    }
    entries -= old.length;
    for (const { sequence } of old) tx.delete(entryKey(log, shard.id, sequence));
    const last = old.at(-1);
    changed ||= last !== undefined;
    const trimmed = last === undefined ? shard : { ...shard, trimmedThrough: last.sequence };
    const isGone = isDone && trimmed.closed !== undefined && trimmed.closed.atMs <= throughMs;
    if (isGone) changed = true;
    else shards.push(trimmed);
  }
  if (changed) tx.putRecord(log.shards, shardsCodec, { ...before, shards });
  return entries > 0 && bytes > 0;
}

/** The time of the log's oldest entry, if it has any. */
export function oldestEntryMs(snapshot: Snapshot, log: Log): number | undefined {
  let oldestMs: number | undefined;
  for (const shard of shardsOf(snapshot, log)) {
    const entry = firstEntry(snapshot, log, shard.id, firstUntrimmed(shard));
    if (entry !== undefined && (oldestMs === undefined || entry.atMs < oldestMs)) {
      oldestMs = entry.atMs;
    }
  }
  return oldestMs;
}
