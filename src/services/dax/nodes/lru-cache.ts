interface Entry {
  readonly value: Buffer;
  readonly sizeBytes: number;
  /** Milliseconds since 1970; Infinity for one that only goes when there is no room. */
  readonly expiresAtMs: number;
}

/** What an entry takes beside its key and value: the map's slot and the entry itself, roughly. */
const overheadBytes = 120;

/** Encoded answers within a number of bytes. The one that was not asked for the longest goes first. */
export class LruCache {
  readonly #entries = new Map<string, Entry>();
  readonly #capacityBytes: number;
  readonly #onEvicted: (sizeBytes: number) => void;
  sizeBytes = 0;

  constructor(capacityBytes: number, onEvicted: (sizeBytes: number) => void) {
    this.#capacityBytes = capacityBytes;
    this.#onEvicted = onEvicted;
  }

  get(key: string, nowMs: number): Buffer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (nowMs >= entry.expiresAtMs) {
      this.sizeBytes -= entry.sizeBytes;
      return undefined;
    }
    // A map keeps the order of insertion: what was just asked for goes to its end.
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: Buffer, expiresAtMs: number): void {
    this.delete(key);
    const sizeBytes = key.length + value.length + overheadBytes;
    if (sizeBytes > this.#capacityBytes) return;
    this.#entries.set(key, { value, sizeBytes, expiresAtMs });
    this.sizeBytes += sizeBytes;
    if (this.sizeBytes > this.#capacityBytes) this.#evict();
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.sizeBytes -= entry.sizeBytes;
  }

  clear(): void {
    this.#entries.clear();
    this.sizeBytes = 0;
  }

  #evict(): void {
    let evictedBytes = 0;
    for (const [key, { sizeBytes }] of this.#entries) {
      this.#entries.delete(key);
      this.sizeBytes -= sizeBytes;
      evictedBytes += sizeBytes;
      if (this.sizeBytes <= this.#capacityBytes) break;
    }
    this.#onEvicted(evictedBytes);
  }
}
