/**
 * What the store needs of a storage engine: little enough that another one is a day's work.
 */
import type { Key } from "#base/key.ts";
import type { Entry, KeyRange, Unwatch } from "./store.ts";

/** The writes of a commit group: the value of each key, `null` where the key is deleted. */
export type Batch = ReadonlyMap<Key, Buffer | null>;

export interface Reader {
  get(key: Key): Buffer | undefined;
  /** Read step by step; whoever stops early closes the cursor. */
  range(range: KeyRange): Cursor;
}

/** A walk over entries in key order. Leaner than an iterator, since ranges are hot and stacked. */
export interface Cursor {
  next(): Entry | undefined;
  close(): void;
}

/**
 * An engine inside this process: reads are answered in place, and nobody else writes.
 * `transact` and its groups are the business of local-store.ts.
 */
export interface Engine extends Reader {
  /** The number of the last write that is whole on the disk; 0 if there is none. */
  readonly lastSequence: number;
  /**
   * Writes all of it or nothing, durably, and then makes it visible. Numbers rise; one write at a
   * time. When it rejects, the engine can no longer tell what is on the disk: it is not used again.
   */
  write(batch: Batch, sequence: number): Promise<void>;
  /** Copies what is durable, at one moment, into an empty folder: see `Store.copyTo`. */
  copyTo(folder: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * An engine elsewhere, shared with other writers: reads may suspend, commits may conflict. Transactions
 * on it are the business of remote-store.ts.
 */
export interface RemoteEngine {
  /** One attempt at a transaction: all its reads see one moment, none before a commit that ended before. */
  begin(): Attempt;
  /** Calls the listener after commits, from wherever, that wrote a key with this prefix. */
  watch(prefix: Key, listener: () => void): Unwatch;
  close(): Promise<void>;
}

/**
 * Reads throw `Suspended` when the answer is not at hand. Asked again after `ready`, they answer, and the
 * same each time: a body is run again from its start with the same attempt.
 */
export interface Attempt extends Reader {
  /**
   * Writes all of it or nothing, durably. Rejects with `Conflict` when a key or range that was read has
   * changed since; then nothing was written. Not called when there is nothing to write: what was read at
   * one moment is right as it is.
   */
  commit(batch: Batch): Promise<void>;
}
