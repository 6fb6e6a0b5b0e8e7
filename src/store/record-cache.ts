import type { Key } from "#base/key.ts";
import type { Batch, Reader } from "./engine.ts";
import type { Codec } from "./store.ts";

interface Decoded<T = unknown> {
  readonly codec: Codec<T>;
  readonly value: T;
}

/** A codec is known by its identity: this one made the value. */
function isOf<T>(decoded: Decoded, codec: Codec<T>): decoded is Decoded<T> {
  return decoded.codec === codec;
}

/** Decodes each buffer once, as long as somebody has it. Right for every engine. */
export class RecordsByBuffer {
  private readonly byBuffer = new WeakMap<Buffer, Decoded>();

  read<T>(reader: Reader, key: Key, codec: Codec<T>): T | undefined {
    const bytes = reader.get(key);
    return bytes && this.decoded(bytes, codec);
  }

  decoded<T>(bytes: Buffer, codec: Codec<T>): T {
    const cached = this.byBuffer.get(bytes);
    if (cached !== undefined && isOf(cached, codec)) return cached.value;
    const value = codec.decode(bytes);
    this.byBuffer.set(bytes, { codec, value });
    return value;
  }
}

/**
 * Keeps what is durable by key, too. Only where nobody else writes: a commit group forgets its keys when
 * its write begins, and readers keep none of them until it has ended, so that nothing here is ever
 * older than what `get` shows.
 */
export class RecordCache extends RecordsByBuffer {
  private byKey = new Map<Key, Decoded>();
  /** The generation before: kept for a second chance, so that the cache is bounded at small cost. */
  private older = new Map<Key, Decoded>();
  private readonly halfCapacity: number;

  constructor(capacity = 16_384) {
    super();
    this.halfCapacity = capacity / 2;
  }

  override read<T>(reader: Reader, key: Key, codec: Codec<T>): T | undefined {
    const cached = this.byKey.get(key) ?? this.older.get(key);
    if (cached !== undefined && isOf(cached, codec)) {
      if (this.older.size > 0 && this.older.delete(key)) this.keep(key, cached);
      return cached.value;
    }
    const bytes = reader.get(key);
    if (bytes === undefined) return undefined;
    const value = codec.decode(bytes);
    this.keep(key, { codec, value });
    return value;
  }

  forget(batch: Batch): void {
    if (this.byKey.size === 0 && this.older.size === 0) return;
    for (const key of batch.keys()) {
      this.byKey.delete(key);
      this.older.delete(key);
    }
  }

  private keep(key: Key, decoded: Decoded): void {
    this.byKey.set(key, decoded);
    if (this.byKey.size < this.halfCapacity) return;
    this.older = this.byKey;
    this.byKey = new Map();
  }
}
