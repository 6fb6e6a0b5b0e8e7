import type { Key } from "#base/key.ts";

/**
 * The store: an ordered map of byte keys to byte values with serializable transactions.
 *
 * S1. What `transact` resolved is on disk; a crash at any moment keeps it, whole.
 * S2. A body is synchronous and pure, and may run again. Between its first read and its last write
 *     nothing else happens.
 * S3. A body that throws leaves nothing behind and never harms the others in its commit group. Its
 *     rejection, too, waits until everything that it may have read is durable: nobody ever learns of a
 *     state that a crash could still take back.
 * S4. `read` sees only what is durable, at one moment.
 * S5. Bodies never see less than was committed before them, durable or not.
 * S6. Effects (`afterwards`) happen once for each call of `transact` or `read`, of the one run that counts, whether its
 *     body returned or threw; on an embedded engine before the next body begins.
 */
export interface Store {
  /** Runs the body, commits its writes; resolves with its result when they are durable. */
  transact<T>(body: (tx: Transaction) => T): Promise<T>;
  /** Runs the body over one durable moment. Promptly: a long walk reads page by page. */
  read<T>(body: (snapshot: Snapshot) => T): Promise<T>;
  /** Calls the listener after each durable commit that wrote a key with this prefix. */
  watch(prefix: Key, listener: () => void): Unwatch;
  /**
   * Copies the store as it is at one moment, all commits that were answered before the call included, into a
   * folder on the same file system: a store of its own, for `openStore` or for `memoryStore` to begin with
   * (see open.ts), whatever this one is. The folder is made if it is missing; it must be empty. Writes go
   * on meanwhile, and are held up for moments only: files that never change again are linked, not copied.
   * When it rejects, the folder holds nothing of use.
   */
  copyTo(folder: string): Promise<void>;
  /** Resolves when all that was committed is durable and the engine is closed. */
  close(): Promise<void>;
}

export type Unwatch = () => void;

/** What follows from a body besides its writes, in memory only: counting, say. */
export interface Effect {
  settled(): void;
}

/**
 * What a body may read. On a remote engine each read may throw a `Suspended` (see suspended.ts): the
 * store then fetches what is missing and runs the body again. Bodies must not catch it.
 */
export interface Snapshot {
  /** The value, or undefined. The buffer is the caller's to keep and nobody's to change. */
  get(key: Key): Buffer | undefined;
  /**
   * The entries with `start <= key < end` in key order (descending with `reverse`), read lazily. In a
   * transaction, writes made during the walk are seen if they lie ahead of it.
   */
  range(range: KeyRange): Iterable<Entry>;
  /**
   * The value decoded by the codec. The same object may be handed out many times (that is the point:
   * a table's description is decoded once, not once a request): never change it.
   */
  record<T>(key: Key, codec: Codec<T>): T | undefined;
  /** Notes an effect (S6): bodies may run again, and this is how they count once. It must not throw. */
  afterwards(effect: Effect): void;
}

/**
 * Limits: a key of 1 to 8192 bytes; 10,000 writes and 64 MB of keys and values per transaction, one
 * value included (large bodies belong in files). Beyond them a write throws `TransactionTooLarge`.
 */
export interface Transaction extends Snapshot {
  /** The buffer is the store's from now on: nobody changes it. */
  put(key: Key, value: Buffer): void;
  putRecord<T>(key: Key, codec: Codec<T>, value: T): void;
  delete(key: Key): void;
}

export interface KeyRange {
  /** Inclusive. */
  readonly start: Key;
  /** Exclusive. */
  readonly end: Key;
  readonly reverse?: boolean;
  /** A hint and a bound: at most so many entries are read. */
  readonly limit?: number;
}

export interface Entry {
  readonly key: Key;
  readonly value: Buffer;
}

/** How a value of one kind is written as bytes. One constant object per kind: caches know it by identity. */
export interface Codec<T> {
  encode(value: T): Buffer;
  decode(bytes: Buffer): T;
}

/** A transaction was larger than the store's bounds; it left nothing behind. */
export class TransactionTooLarge extends Error {
  override name = "TransactionTooLarge";
}

/** The store was closed. */
export class StoreClosed extends Error {
  override name = "StoreClosed";
}

/**
 * A write or sync failed. Nobody can tell any more what is on the disk, so the store refuses everything
 * until it is opened again; what was not acknowledged may be there then, or not. `cause` is the fault.
 * A read that failed is told of in the same way, but concerns the body alone that wanted it.
 */
export class StoreFailed extends Error {
  override name = "StoreFailed";
}
