/**
 * LMDB as the base engine: a B+tree in a memory-mapped file. Reads are answered in place, in microseconds;
 * batches are written by a thread of its own.
 *
 * Each batch is applied in transactions of some hundred entries, so that neither handing them over holds
 * up the event loop nor their syncs the log's for long; the sequence number goes with a last one. Transactions sync before they
 * resolve (`overlappingSync` off): the log's segments are used again on the strength of it.
 */
import { open } from "lmdb";
import type { Database, RootDatabase } from "lmdb";
import type { Key } from "#base/key.ts";
import type { Cursor } from "../engine.ts";
import type { Layer } from "../layer.ts";
import type { BaseEngine } from "../logged-engine.ts";
import type { Entry, KeyRange } from "../store.ts";
import { Bucket } from "./bucket.ts";

/** The longest key that LMDB takes at this page size. Keys of this length are buckets: see bucket.ts. */
const bucketKeyBytes = 4026;
const pageSize = 8192;
const entriesPerTransaction = 4096;
const bytesPerTransaction = 8 * 1024 * 1024;
/**
 * Address space reserved for the file, in bytes; no memory. It grows by itself beyond that, but each growth
 * leaves the old mapping in place. (On Windows a mapping makes the file as large: small, and growing.)
 */
const mapSize = 64 * 1024 ** 3;
const sequenceKey = "sequence";

/** Our keys are byte strings already. */
const keyEncoder = {
  writeKey(key: unknown, target: Buffer, position: number): number {
    return typeof key === "string" ? position + target.write(key, position, "latin1") : position;
  },
  readKey(source: Buffer, start: number, end: number): Key {
    return source.toString("latin1", start, end);
  },
};

/**
 * Values are bytes already. Reads come in a buffer that the binding uses again, so they are copied: into
 * Node's pool, which costs a third of a buffer with memory of its own.
 */
const encoder = {
  encode: (value: Buffer): Buffer => value,
  decode(shared: Buffer): Buffer {
    // The binding sets the length of its buffer to that of the value.
    const size = shared.length;
    const value = Buffer.allocUnsafe(size);
    shared.copy(value, 0, 0, size);
    return value;
  },
};

type Entries = Database<Buffer, Key>;

export class LmdbEngine implements BaseEngine {
  lastSequence: number;
  private readonly environment: RootDatabase;
  private readonly entries: Entries;
  private readonly state: Database<Buffer, Key>;

  private constructor(environment: RootDatabase, entries: Entries, state: Entries) {
    this.environment = environment;
    this.entries = entries;
    this.state = state;
    this.lastSequence = Number(state.get(sequenceKey)?.toString("latin1") ?? 0);
  }

  /** Opens or makes the database in this folder. */
  static open(folder: string): LmdbEngine {
    const options = { encoder, keyEncoder };
    const environment = open({
      path: folder,
      pageSize,
      overlappingSync: false,
      ...(process.platform === "win32" ? {} : { mapSize }),
      maxDbs: 2,
    });
    return new LmdbEngine(
      environment,
      environment.openDB({ name: "entries", ...options }),
      environment.openDB({ name: "state", ...options }),
    );
  }

  get(key: Key): Buffer | undefined {
    if (key.length < bucketKeyBytes) return this.stored(key);
    const bucket = this.bucket(key.slice(0, bucketKeyBytes));
    return bucket?.get(key.slice(bucketKeyBytes));
  }

  range(range: KeyRange): Cursor {
    return new LmdbCursor(this.entries, range);
  }

  async apply(layer: Layer, sequence: number, onProgress: (bytes: number) => void): Promise<void> {
    await this.applyLong(layer, onProgress);
    let count = 0;
    let bytes = 0;
    let written: Promise<unknown> = Promise.resolve();
    for (const chunk of layer.keys().chunks) {
      for (const key of chunk) {
        if (key.length >= bucketKeyBytes) continue;
        const value = layer.values.get(key) ?? null;
        written = value === null ? this.entries.remove(key) : this.entries.put(key, value);
        count += 1;
        bytes += key.length + (value?.length ?? 0);
        if (count < entriesPerTransaction && bytes < bytesPerTransaction) continue;
        await written;
        onProgress(bytes);
        count = 0;
        bytes = 0;
      }
    }
    await written;
    await this.state.put(sequenceKey, Buffer.from(String(sequence), "latin1"));
    this.lastSequence = sequence;
  }

  async close(): Promise<void> {
    await this.environment.close();
  }

  private stored(key: Key): Buffer | undefined {
    const shared = this.entries.getBinaryFast(key);
    return shared && encoder.decode(shared);
  }

  private bucket(key: Key): Bucket | undefined {
    const stored = this.stored(key);
    return stored && Bucket.decode(stored);
  }

  private async applyLong(layer: Layer, onProgress: (bytes: number) => void): Promise<void> {
    const buckets = new Map<Key, Bucket>();
    let bytes = 0;
    for (const [key, value] of layer.values) {
      if (key.length < bucketKeyBytes) continue;
      const prefix = key.slice(0, bucketKeyBytes);
      let bucket = buckets.get(prefix);
      if (bucket === undefined) {
        bucket = this.bucket(prefix) ?? new Bucket();
        buckets.set(prefix, bucket);
      }
      bucket.set(key.slice(bucketKeyBytes), value);
      bytes += key.length + (value?.length ?? 0);
    }
    for (const [prefix, bucket] of buckets) {
      if (bucket.isEmpty()) await this.entries.remove(prefix);
      else await this.entries.put(prefix, bucket.encode());
    }
    if (bytes > 0) onProgress(bytes);
  }
}

class LmdbCursor implements Cursor {
  private readonly start: Key;
  private readonly end: Key;
  private readonly reverse: boolean;
  private readonly iterator: Iterator<{ key: Key; value: Buffer }>;
  private remaining: number;
  /** Entries of the bucket that the walk is in, the next one last. */
  private bucket: Entry[] = [];

  constructor(entries: Entries, { start, end, reverse = false, limit = Infinity }: KeyRange) {
    this.start = start;
    this.end = end;
    this.reverse = reverse;
    this.remaining = limit;
    // Bounds as far as LMDB's keys reach, both inclusive: what lies outside is left out below.
    const low = start.slice(0, bucketKeyBytes) || "\u0000";
    const high = end.slice(0, bucketKeyBytes);
    const range = entries.getRange(
      reverse
        ? { start: high, end: low, reverse, inclusiveEnd: true }
        : { start: low, end: high, inclusiveEnd: true },
    );
    this.iterator = range[Symbol.iterator]();
  }

  next(): Entry | undefined {
    while (this.remaining > 0) {
      const entry = this.bucket.pop() ?? this.read();
      if (entry === undefined) break;
      const { key } = entry;
      if (this.reverse ? key < this.start : key >= this.end) break;
      if (this.reverse ? key >= this.end : key < this.start) continue;
      this.remaining -= 1;
      if (this.remaining === 0) this.close();
      return entry;
    }
    this.close();
    return undefined;
  }

  close(): void {
    this.remaining = 0;
    this.bucket = [];
    this.iterator.return?.();
  }

  private read(): Entry | undefined {
    for (;;) {
      const { done, value } = this.iterator.next();
      if (done === true) return undefined;
      if (value.key.length < bucketKeyBytes) return value;
      this.bucket = Bucket.decode(value.value).entries(value.key);
      if (!this.reverse) this.bucket.reverse();
      const entry = this.bucket.pop();
      if (entry !== undefined) return entry;
    }
  }
}
