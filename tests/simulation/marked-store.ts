import type { Key } from "#base/key.ts";
import { tuple } from "#base/tuple.ts";
import { StoreFailed } from "#store/store.ts";
import type { Codec, Effect, Entry, KeyRange, Snapshot, Store, Transaction } from "#store/store.ts";

/** Where the number of the last request that wrote stands: it commits with what that request wrote. */
const markKey = tuple("simulation", "mark");

/** Whose transaction runs, and what the tests do with it. */
export interface Observer {
  /** Called in a body that wrote, before it commits; answers the number to mark the commit with. */
  wrote(): number;
  /** Called in a body that threw, or wrote nothing. */
  decided(error: unknown): void;
  /** Called when a read's body runs. */
  reads(): void;
}

/**
 * The store, telling of each request's transaction when its body runs: that is the order in which they are
 * serialized. Commits carry a number, so after a crash it is known which of them are there.
 */
export class MarkedStore implements Store {
  /** Of the request that is being handed in; jobs' transactions have none. */
  observer: Observer | undefined;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  transact<T>(body: (tx: Transaction) => T): Promise<T> {
    const { observer } = this;
    if (observer === undefined) return this.#store.transact(body);
    return this.#store.transact((tx) => {
      const counted = new CountedTransaction(tx);
      let result: T;
      try {
        result = body(counted);
      } catch (error) {
        // A read that failed is no decision.
        if (!(error instanceof StoreFailed)) observer.decided(error);
        throw error;
      }
      if (counted.writes > 0) tx.put(markKey, Buffer.from(String(observer.wrote())));
      else observer.decided(undefined);
      return result;
    });
  }

  read<T>(body: (snapshot: Snapshot) => T): Promise<T> {
    this.observer?.reads();
    return this.#store.read(body);
  }

  watch(prefix: Key, listener: () => void): () => void {
    return this.#store.watch(prefix, listener);
  }

  copyTo(folder: string): Promise<void> {
    return this.#store.copyTo(folder);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** The number of the last request whose commit is there. */
  lastMark(): Promise<number> {
    return this.#store.read((snapshot) => Number(snapshot.get(markKey)?.toString() ?? 0));
  }
}

class CountedTransaction implements Transaction {
  writes = 0;
  readonly #tx: Transaction;

  constructor(tx: Transaction) {
    this.#tx = tx;
  }

  get(key: Key): Buffer | undefined {
    return this.#tx.get(key);
  }

  range(range: KeyRange): Iterable<Entry> {
    return this.#tx.range(range);
  }

  record<T>(key: Key, codec: Codec<T>): T | undefined {
    return this.#tx.record(key, codec);
  }

  afterwards(effect: Effect): void {
    this.#tx.afterwards(effect);
  }

  put(key: Key, value: Buffer): void {
    this.writes += 1;
    this.#tx.put(key, value);
  }

  putRecord<T>(key: Key, codec: Codec<T>, value: T): void {
    this.writes += 1;
    this.#tx.putRecord(key, codec, value);
  }

  delete(key: Key): void {
    this.writes += 1;
    this.#tx.delete(key);
  }
}
