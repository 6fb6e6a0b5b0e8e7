import type { LruCache } from "./lru-cache.ts";

/** A read of tables that will fill the cache. */
interface Fill {
  /** What somebody wrote meanwhile. */
  readonly overtaken: Set<string>;
}

/**
 * The items that a node knows, as the answers to GetItem.
 *
 * C1. Once a write through the cluster was answered, no node answers with what was there before it.
 * C2. Two writes of one item at the same time leave nothing cached: nobody can tell here which came last.
 * C3. What was written past the cluster is seen when the entry's time to live is over.
 */
export class ItemCache {
  readonly #cache: LruCache;
  readonly #nowMs: () => number;
  readonly #fills = new Map<string, Set<Fill>>();
  /** 0 keeps items until there is no room. */
  timeToLiveMs: number;

  constructor(cache: LruCache, nowMs: () => number, timeToLiveMs: number) {
    this.#cache = cache;
    this.#nowMs = nowMs;
    this.timeToLiveMs = timeToLiveMs;
  }

  get(key: string): Buffer | undefined {
    return this.#cache.get(key, this.#nowMs());
  }

  /** Reads an item and keeps the answer. */
  async fill(key: string, read: () => Promise<Buffer>): Promise<Buffer> {
    const answers = await this.fillAll([key], async () => new Map([[key, await read()]]));
    return answers.get(key)!;
  }

  /** Reads items, and keeps those answers that nobody has overtaken by a write. */
  async fillAll(
    keys: readonly string[],
    read: () => Promise<ReadonlyMap<string, Buffer>>,
  ): Promise<ReadonlyMap<string, Buffer>> {
    const fill: Fill = { overtaken: new Set() };
    for (const key of keys) {
      const fills = this.#fills.get(key);
      if (fills === undefined) this.#fills.set(key, new Set([fill]));
      else fills.add(fill);
    }
    try {
      const answers = await read();
      for (const key of keys) {
        const answer = answers.get(key);
        if (answer !== undefined && !fill.overtaken.has(key)) this.#set(key, answer);
      }
      return answers;
    } finally {
      for (const key of keys) {
        const fills = this.#fills.get(key);
        fills?.delete(fill);
        if (fills?.size === 0) this.#fills.delete(key);
      }
    }
  }

  /** The item was written: `answer` is what is there now, undefined if nobody knows. */
  written(key: string, answer: Buffer | undefined): void {
    for (const fill of this.#fills.get(key) ?? []) fill.overtaken.add(key);
    if (answer === undefined) this.#cache.delete(key);
    else this.#set(key, answer);
  }

  #set(key: string, answer: Buffer): void {
    const { timeToLiveMs } = this;
    const expiresAtMs = timeToLiveMs === 0 ? Infinity : this.#nowMs() + timeToLiveMs;
    this.#cache.set(key, answer, expiresAtMs);
  }
}

/** The writes under way in a cluster, by item. */
export class WritesUnderWay {
  readonly #byKey = new Map<string, { count: number; isShared: boolean }>();

  begin(keys: readonly string[]): void {
    for (const key of keys) {
      const write = this.#byKey.get(key);
      if (write === undefined) this.#byKey.set(key, { count: 1, isShared: false });
      else {
        write.count += 1;
        write.isShared = true;
      }
    }
  }

  /** Whether this was the only write of the item for as long as it took. */
  end(key: string): boolean {
    const write = this.#byKey.get(key);
    if (write === undefined) return false;
    write.count -= 1;
    if (write.count === 0) this.#byKey.delete(key);
    return !write.isShared;
  }
}
