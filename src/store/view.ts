import type { Key } from "#base/key.ts";
import type { Cursor, Reader } from "./engine.ts";
import { Layer } from "./layer.ts";
import { mergedRange } from "./merge.ts";
import type { RecordsByBuffer } from "./record-cache.ts";
import { TransactionTooLarge } from "./store.ts";
import type { Codec, Effect, Entry, KeyRange, Snapshot, Transaction } from "./store.ts";

const maxKeyBytes = 8192;
const maxWrites = 10_000;
const maxTransactionBytes = 64 * 1024 * 1024;

/** Views and their walks end with their body. */
abstract class View {
  protected ended = false;
  private cursors: Cursor[] | undefined;
  private effects: Effect[] | undefined;

  afterwards(effect: Effect): void {
    (this.effects ??= []).push(effect);
  }

  /** S6: called once this run of the body is the one that counts. */
  settle(): void {
    if (this.effects === undefined) return;
    for (const effect of this.effects) effect.settled();
    this.effects = undefined;
  }

  /** Called when the body has returned or thrown: what it left open is closed. */
  end(): void {
    this.ended = true;
    if (this.cursors === undefined) return;
    for (const cursor of this.cursors) cursor.close();
  }

  protected entries(cursor: Cursor): Iterable<Entry> {
    (this.cursors ??= []).push(cursor);
    return new Entries(this, cursor);
  }

  /** Throws when a view is used outside its body: what it would show belongs to no moment. */
  assertOpen(): void {
    if (this.ended) throw new Error("a transaction or snapshot was used after its body had ended");
  }
}

class Entries implements IterableIterator<Entry, undefined> {
  private readonly view: View;
  private readonly cursor: Cursor;

  constructor(view: View, cursor: Cursor) {
    this.view = view;
    this.cursor = cursor;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Entry, undefined> {
    this.view.assertOpen();
    const value = this.cursor.next();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  return(): IteratorResult<Entry, undefined> {
    this.cursor.close();
    return { done: true, value: undefined };
  }
}

/** What is durable, straight from the engine. */
export class SnapshotView extends View implements Snapshot {
  private readonly reader: Reader;
  private readonly records: RecordsByBuffer;
  private readonly inFlight: Layer | undefined;

  /** @param inFlight what is being written: its keys' records must not be cached now. */
  constructor(reader: Reader, records: RecordsByBuffer, inFlight?: Layer) {
    super();
    this.reader = reader;
    this.records = records;
    this.inFlight = inFlight;
  }

  get(key: Key): Buffer | undefined {
    if (this.ended) this.assertOpen();
    return this.reader.get(key);
  }

  range(range: KeyRange): Iterable<Entry> {
    this.assertOpen();
    return this.entries(this.reader.range(range));
  }

  record<T>(key: Key, codec: Codec<T>): T | undefined {
    this.assertOpen();
    if (this.inFlight !== undefined && this.inFlight.values.has(key)) {
      const bytes = this.reader.get(key);
      return bytes && codec.decode(bytes);
    }
    return this.records.read(this.reader, key, codec);
  }
}

/** A body's own writes over the layers of commits that are on their way to the disk, over the engine. */
export class TransactionView extends View implements Transaction {
  /** Undefined until the first write. */
  own: Layer | undefined;
  /** Set once the bounds were passed: it stays refused, even if the body caught the error. */
  excess: TransactionTooLarge | undefined;
  private readonly layers: readonly Layer[];
  private readonly reader: Reader;
  private readonly records: RecordsByBuffer;
  private writes = 0;

  /** @param layers the uppermost first. */
  constructor(layers: readonly Layer[], reader: Reader, records: RecordsByBuffer) {
    super();
    this.layers = layers;
    this.reader = reader;
    this.records = records;
  }

  get(key: Key): Buffer | undefined {
    if (this.ended) this.assertOpen();
    const above = this.above(key);
    return above === undefined ? this.reader.get(key) : (above ?? undefined);
  }

  range(range: KeyRange): Iterable<Entry> {
    this.assertOpen();
    const own = (this.own ??= new Layer());
    return this.entries(mergedRange([own, ...this.layers], this.reader, range, own));
  }

  record<T>(key: Key, codec: Codec<T>): T | undefined {
    this.assertOpen();
    const above = this.above(key);
    if (above === undefined) return this.records.read(this.reader, key, codec);
    return above === null ? undefined : this.records.decoded(above, codec);
  }

  put(key: Key, value: Buffer): void {
    this.write(key, value.length, ownBuffer(value));
  }

  putRecord<T>(key: Key, codec: Codec<T>, value: T): void {
    this.put(key, codec.encode(value));
  }

  delete(key: Key): void {
    this.write(key, 0, null);
  }

  private above(key: Key): Buffer | null | undefined {
    if (this.own !== undefined) {
      const value = this.own.values.get(key);
      if (value !== undefined) return value;
    }
    for (const layer of this.layers) {
      const value = layer.values.get(key);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  private write(key: Key, valueBytes: number, value: Buffer | null): void {
    if (this.ended) this.assertOpen();
    if (key.length === 0 || key.length > maxKeyBytes) {
      throw new RangeError(`a key has 1 to ${maxKeyBytes} bytes, not ${key.length}`);
    }
    const own = (this.own ??= new Layer());
    this.writes += 1;
    if (this.writes > maxWrites || own.bytes + key.length + valueBytes > maxTransactionBytes) {
      this.excess ??= new TransactionTooLarge(
        `a transaction writes at most ${maxWrites} keys and ${maxTransactionBytes} bytes`,
      );
      throw this.excess;
    }
    own.set(key, value);
  }
}

/**
 * Values stay in memory until they are applied. A small slice of a large buffer (say, of a request)
 * would keep all of it there, so it is copied.
 */
function ownBuffer(value: Buffer): Buffer {
  const held = value.buffer.byteLength;
  return held > 65_536 && held > 2 * value.length ? Buffer.from(value) : value;
}

/** A body that awaits would be over before it has done anything. */
export function refusePromise(result: unknown): void {
  if (typeof result !== "object" || result === null || !("then" in result)) return;
  if (typeof result.then === "function") throw new TypeError("a body must not be asynchronous");
}
