/**
 * What the store needs of a storage engine: little enough that another one is a day's work.
 */
import type { Key } from "#base/key.ts";
import type { Entry, KeyRange } from "./store.ts";

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
  close(): Promise<void>;
}

/** An engine elsewhere, shared with other writers: reads may suspend, commits may conflict. */
export interface RemoteEngine {
  /** One attempt at a transaction. All its reads see one moment, not before the last commit seen here. */
  begin(): Attempt;
  close(): Promise<void>;
}

export interface Attempt extends Reader {
  /** Throws `Suspended` when the value is not at hand; answers once `ready` has resolved. */
  get(key: Key): Buffer | undefined;
  /**
   * Writes all of it or nothing, durably. Rejects with `Conflict` when what was read has changed
   * meanwhile; then nothing was written. An empty batch checks nothing: reads at one moment are valid.
   */
  commit(batch: Batch): Promise<void>;
}
