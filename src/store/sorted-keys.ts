import type { Key } from "#base/key.ts";

/** Half-filled after a split. Insertion moves at most so many pointers within one chunk. */
const chunkLength = 512;

/**
 * A sorted set of keys: sorted chunks in a sorted list. With a million keys that is some 3,000 chunks:
 * two binary searches a look-up, one short move an insertion, and walks run through plain arrays.
 */
export class SortedKeys {
  /** Changes with each addition and removal; walks notice by it. */
  version = 0;
  /** None is empty. */
  readonly chunks: Key[][] = [];

  /** Adds a key that is not there yet. */
  add(key: Key): void {
    this.version += 1;
    const { chunks } = this;
    if (chunks.length === 0) {
      chunks.push([key]);
      return;
    }
    const at = this.chunkOf(key);
    const chunk = chunks[at]!;
    // Keys often arrive in order: no search then.
    if (key > chunk[chunk.length - 1]!) chunk.push(key);
    else chunk.splice(firstNotBefore(chunk, key), 0, key);
    if (chunk.length > chunkLength) {
      // Rising keys leave full chunks behind them.
      const keep = at === chunks.length - 1 ? chunkLength - (chunkLength >> 3) : chunkLength >> 1;
      chunks.splice(at + 1, 0, chunk.splice(keep));
    }
  }

  /** Removes a key that is there. */
  remove(key: Key): void {
    this.version += 1;
    const at = this.chunkOf(key);
    const chunk = this.chunks[at]!;
    chunk.splice(firstNotBefore(chunk, key), 1);
    if (chunk.length === 0) this.chunks.splice(at, 1);
  }

  /** The chunk in which the key is, or would be; 0 if there is none. */
  chunkOf(key: Key): number {
    const { chunks } = this;
    let low = 0;
    let high = chunks.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (chunks[middle]![0]! <= key) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** The index of the first key `>= key`. */
export function firstNotBefore(chunk: readonly Key[], key: Key): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunk[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A walk over `start <= key < end`, in either direction. Keys that come or go during the walk are seen
 * or not seen as if the rest of the walk began now.
 */
export class KeyWalk {
  private readonly keys: SortedKeys;
  private readonly start: Key;
  private readonly end: Key;
  private readonly reverse: boolean;
  private version = -1;
  private chunk = 0;
  private index = 0;

  constructor(keys: SortedKeys, start: Key, end: Key, reverse: boolean) {
    this.keys = keys;
    this.start = start;
    this.end = end;
    this.reverse = reverse;
  }

  /** The next key beyond `passed` (undefined: the first); asked again, the same until it is passed. */
  peek(passed: Key | undefined): Key | undefined {
    if (this.version !== this.keys.version) this.seek(passed);
    const key = this.keys.chunks[this.chunk]?.[this.index];
    if (key === undefined) return undefined;
    if (this.reverse) return key >= this.start ? key : undefined;
    return key < this.end ? key : undefined;
  }

  /** Passes the key that `peek` has just shown. */
  step(): void {
    if (this.reverse) {
      this.index -= 1;
      if (this.index < 0) {
        this.chunk -= 1;
        this.index = (this.keys.chunks[this.chunk]?.length ?? 0) - 1;
      }
    } else {
      this.index += 1;
      if (this.index >= this.keys.chunks[this.chunk]!.length) {
        this.chunk += 1;
        this.index = 0;
      }
    }
  }

  private seek(passed: Key | undefined): void {
    this.version = this.keys.version;
    const from = passed ?? (this.reverse ? this.end : this.start);
    this.chunk = this.keys.chunkOf(from);
    const chunk = this.keys.chunks[this.chunk] ?? [];
    // Stands on the first key >= from; going down, one before it.
    this.index = firstNotBefore(chunk, from);
    if (this.reverse) {
      this.step();
    } else if (passed !== undefined && chunk[this.index] === passed) {
      this.step();
    } else if (this.index >= chunk.length) {
      this.chunk += 1;
      this.index = 0;
    }
  }
}
