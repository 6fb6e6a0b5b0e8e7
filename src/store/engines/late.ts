/**
 * A stand-in for a distributed engine, to test what one needs of the store: a server with versioned
 * values, whose answers come late, and clients that fetch at one version and commit optimistically.
 */
import type { Key } from "#base/key.ts";
import type { Attempt, Batch, Cursor, RemoteEngine } from "../engine.ts";
import { KeyWalk, SortedKeys } from "../sorted-keys.ts";
import type { Entry, KeyRange, Unwatch } from "../store.ts";
import { Conflict, Suspended } from "../suspended.ts";
import { Watchers } from "../watchers.ts";

interface Version {
  readonly version: number;
  readonly value: Buffer | null;
}

interface Read {
  readonly start: Key;
  readonly end: Key;
}

export class LateServer {
  version = 0;
  fetches = 0;
  conflicts = 0;
  readonly watchers = new Watchers();
  /** Resolves when an answer has travelled. */
  readonly travel: () => Promise<void>;
  private readonly history = new Map<Key, Version[]>();
  private readonly keys = new SortedKeys();

  constructor(travel: () => Promise<void>) {
    this.travel = travel;
  }

  get(key: Key, at: number): Buffer | undefined {
    this.fetches += 1;
    return this.valueAt(key, at) ?? undefined;
  }

  page({ start, end, reverse = false }: KeyRange, at: number, length: number): Entry[] {
    this.fetches += 1;
    const walk = new KeyWalk(this.keys, start, end, reverse);
    const entries: Entry[] = [];
    for (let key = walk.peek(undefined); key !== undefined; key = walk.peek(key)) {
      const value = this.valueAt(key, at);
      if (value) entries.push({ key, value });
      if (entries.length === length) break;
      walk.step();
    }
    return entries;
  }

  commit(batch: Batch, reads: readonly Read[], at: number): void {
    for (const { start, end } of reads) {
      const walk = new KeyWalk(this.keys, start, end, false);
      for (let key = walk.peek(undefined); key !== undefined; key = walk.peek(key)) {
        if (this.history.get(key)!.at(-1)!.version > at) {
          this.conflicts += 1;
          throw new Conflict("another writer changed what was read");
        }
        walk.step();
      }
    }
    this.version += 1;
    for (const [key, value] of batch) {
      const versions = this.history.get(key);
      if (versions === undefined) {
        this.history.set(key, [{ version: this.version, value }]);
        this.keys.add(key);
      } else {
        versions.push({ version: this.version, value });
      }
    }
    this.watchers.notify(batch);
  }

  private valueAt(key: Key, at: number): Buffer | null | undefined {
    return this.history.get(key)?.findLast(({ version }) => version <= at)?.value;
  }
}

/** One client of the server; there may be several. */
export class LateEngine implements RemoteEngine {
  private readonly server: LateServer;

  constructor(server: LateServer) {
    this.server = server;
  }

  begin(): Attempt {
    return new LateAttempt(this.server);
  }

  watch(prefix: Key, listener: () => void): Unwatch {
    return this.server.watchers.add(prefix, listener);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const pageLength = 50;

class LateAttempt implements Attempt {
  private readonly server: LateServer;
  /** Taken with the first answer. */
  private version: number | undefined;
  private readonly values = new Map<Key, Buffer | undefined>();
  private readonly pages = new Map<string, readonly Entry[]>();
  private readonly reads: Read[] = [];

  constructor(server: LateServer) {
    this.server = server;
  }

  get(key: Key): Buffer | undefined {
    if (this.values.has(key)) return this.values.get(key);
    throw this.fetchLater((at) => {
      this.values.set(key, this.server.get(key, at));
      this.reads.push({ start: key, end: `${key}\u0000` });
    });
  }

  range(range: KeyRange): Cursor {
    return new LateCursor(this, range);
  }

  /** Up to so many entries from the beginning of the range. */
  page(range: KeyRange): readonly Entry[] {
    const name = JSON.stringify([range.start, range.end, range.reverse]);
    const page = this.pages.get(name);
    if (page !== undefined) return page;
    throw this.fetchLater((at) => {
      this.pages.set(name, this.server.page(range, at, pageLength));
      // Coarser than what was seen, which is safe.
      this.reads.push({ start: range.start, end: range.end });
    });
  }

  async commit(batch: Batch): Promise<void> {
    await this.server.travel();
    this.server.commit(batch, this.reads, this.version ?? this.server.version);
    await this.server.travel();
  }

  private fetchLater(answer: (at: number) => void): Suspended {
    const ready = async () => {
      await this.server.travel();
      this.version ??= this.server.version;
      answer(this.version);
      await this.server.travel();
    };
    return new Suspended(ready());
  }
}

class LateCursor implements Cursor {
  private readonly attempt: LateAttempt;
  private range: KeyRange;
  private remaining: number;
  private page: readonly Entry[] | undefined;
  private index = 0;

  constructor(attempt: LateAttempt, range: KeyRange) {
    this.attempt = attempt;
    this.range = range;
    this.remaining = range.limit ?? Infinity;
  }

  next(): Entry | undefined {
    if (this.remaining <= 0) return undefined;
    this.page ??= this.attempt.page(this.range);
    const entry = this.page[this.index];
    if (entry !== undefined) {
      this.index += 1;
      this.remaining -= 1;
      return entry;
    }
    if (this.page.length < pageLength) return undefined;
    const { key } = this.page.at(-1)!;
    const { start, end, reverse = false } = this.range;
    this.range = reverse ? { start, end: key, reverse } : { start: `${key}\u0000`, end, reverse };
    this.page = undefined;
    this.index = 0;
    return this.next();
  }

  close(): void {
    this.remaining = 0;
  }
}
