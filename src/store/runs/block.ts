/**
 * A block: some entries in key order, searched as they lie, without decoding.
 *
 *     entry    bytes of the key 2, bytes of the value 4 (0xFFFFFFFF: deleted), key, value
 *     block    entries, the start of each entry 4, their number 4, bytes that all keys begin with 4
 *
 * Numbers are little endian. On the disk a CRC-32 of 4 bytes follows: see sorted-file.ts.
 */
import type { Key } from "#base/key.ts";
import { hashOf } from "./probe.ts";
import type { Probe } from "./probe.ts";

export const entryHeaderBytes = 6;
const trailerBytes = 8;
const deleted = 0xffff_ffff;
/** As many as a number holds exactly. */
const headBytes = 6;

export class Block {
  readonly count: number;
  /**
   * After `lastNotAfter`: so many first bytes of the probe are those of all keys here, and of all keys in the
   * block that the entry leads to: the first of those begins with the entry's key.
   */
  agreed = 0;
  private readonly bytes: Buffer;
  private readonly startsAt: number;
  /** All keys begin with the same so many bytes: they are compared once. */
  private readonly shared: number;
  /** What comes next in each key, side by side: made for the first search that wants it. */
  private heads: Float64Array | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const trailerAt = bytes.length - trailerBytes;
    this.count = bytes.readUInt32LE(trailerAt);
    this.shared = bytes.readUInt32LE(trailerAt + 4);
    this.startsAt = trailerAt - 4 * this.count;
  }

  /**
   * The index of the last entry whose key is not after the probe; -1 if there is none. For blocks that are
   * searched again and again.
   * @param agreed so many first bytes of the probe are known to be those of all keys here.
   */
  lastNotAfter(probe: Probe, agreed: number): number {
    const { shared } = this;
    const side = this.compareShared(probe, agreed);
    this.agreed = 0;
    if (side !== 0) return side > 0 ? -1 : this.count - 1;
    this.agreed = shared;
    const heads = (this.heads ??= this.readHeads());
    const head = headOf(probe.bytes, shared, probe.length);
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const difference = heads[middle]! - head;
      if (difference < 0 || (difference === 0 && this.compare(middle, probe, shared) <= 0)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  /** The index of the first entry whose key is not before the probe; `count` if there is none. */
  firstNotBefore(probe: Probe, agreed: number): number {
    const side = this.compareShared(probe, agreed);
    if (side !== 0) return side > 0 ? 0 : this.count;
    return this.search(probe);
  }

  /** `null` is deleted; undefined: the block says nothing of the key. */
  get(probe: Probe, agreed: number): Buffer | null | undefined {
    if (this.compareShared(probe, agreed) !== 0) return undefined;
    const index = this.search(probe);
    if (index === this.count || this.compare(index, probe, this.shared) !== 0) return undefined;
    return this.valueAt(index);
  }

  keyAt(index: number): Key {
    const start = this.start(index);
    const keyStart = start + entryHeaderBytes;
    return this.bytes.toString("latin1", keyStart, keyStart + this.keyBytes(start));
  }

  /** A part of the block's own memory, which never changes. */
  valueAt(index: number): Buffer | null {
    const start = this.start(index);
    const valueBytes = this.bytes.readUInt32LE(start + 2);
    if (valueBytes === deleted) return null;
    const valueStart = start + entryHeaderBytes + this.keyBytes(start);
    return this.bytes.subarray(valueStart, valueStart + valueBytes);
  }

  isTombstone(index: number): boolean {
    return this.bytes.readUInt32LE(this.start(index) + 2) === deleted;
  }

  /** Bytes of the whole entry. */
  entryBytes(index: number): number {
    const start = this.start(index);
    const valueBytes = this.bytes.readUInt32LE(start + 2);
    return entryHeaderBytes + this.keyBytes(start) + (valueBytes === deleted ? 0 : valueBytes);
  }

  copyEntry(index: number, into: Buffer, position: number): void {
    const start = this.start(index);
    this.bytes.copy(into, position, start, start + this.entryBytes(index));
  }

  /** Where the entry's value stands; only of entries that have one. */
  valueStart(index: number): number {
    const start = this.start(index);
    return start + entryHeaderBytes + this.keyBytes(start);
  }

  uint32(position: number): number {
    return this.bytes.readUInt32LE(position);
  }

  private readHeads(): Float64Array {
    const heads = new Float64Array(this.count);
    for (let index = 0; index < this.count; index++) {
      const start = this.start(index);
      const keyStart = start + entryHeaderBytes;
      heads[index] = headOf(this.bytes, keyStart + this.shared, keyStart + this.keyBytes(start));
    }
    return heads;
  }

  private start(index: number): number {
    return this.bytes.readUInt32LE(this.startsAt + 4 * index);
  }

  private keyBytes(start: number): number {
    return this.bytes[start]! | (this.bytes[start + 1]! << 8);
  }

  /** The first entry that is not before the probe, if that begins as all keys here do. */
  private search(probe: Probe): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(middle, probe, this.shared) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where all keys lie by what they share: above the probe, below it, or (0) not decided by that. */
  private compareShared(probe: Probe, agreed: number): number {
    const { bytes, shared } = this;
    if (agreed >= shared) return 0;
    const keyStart = this.start(0) + entryHeaderBytes;
    const length = Math.min(shared, probe.length);
    for (let at = agreed; at < length; at++) {
      const difference = bytes[keyStart + at]! - probe.bytes[at]!;
      if (difference !== 0) return difference;
    }
    return probe.length < shared ? 1 : 0;
  }

  /** @param from so many bytes are known to be the same. */
  private compare(index: number, probe: Probe, from: number): number {
    const { bytes } = this;
    const start = this.start(index);
    const keyBytes = this.keyBytes(start);
    const keyStart = start + entryHeaderBytes;
    const length = Math.min(keyBytes, probe.length);
    for (let at = from; at < length; at++) {
      const difference = bytes[keyStart + at]! - probe.bytes[at]!;
      if (difference !== 0) return difference;
    }
    return keyBytes - probe.length;
  }
}

/**
 * The bytes from there on, up to the key's end, as a number that orders keys as they do; missing ones count as
 * zeros.
 */
function headOf(bytes: Buffer, from: number, end: number): number {
  let head = 0;
  for (let at = from; at < from + headBytes; at++) {
    head = head * 256 + (at < end ? bytes[at]! : 0);
  }
  return head;
}

/** Writes one block after another into memory that somebody else provides. */
export class BlockWriter {
  /** Bytes of the entries so far. */
  bytes = 0;
  firstKey: Key = "";
  lastKey: Key = "";
  private starts: number[] = [];

  get count(): number {
    return this.starts.length;
  }

  /** How much room the block needs in all when an entry of so many bytes is added. */
  roomWith(entryBytes: number): number {
    return this.bytes + entryBytes + 4 * (this.starts.length + 1) + trailerBytes;
  }

  /** Adds an entry to the block that begins at `start`; keys rise. Returns the key's hash. */
  add(into: Buffer, start: number, key: Key, value: Buffer | null): number {
    let position = this.begin(start, key);
    const keyBytes = key.length;
    into[position] = keyBytes & 0xff;
    into[position + 1] = keyBytes >>> 8;
    into.writeUInt32LE(value === null ? deleted : value.length, position + 2);
    position += entryHeaderBytes;
    into.write(key, position, keyBytes, "latin1");
    const hash = hashOf(into, position, keyBytes);
    position += keyBytes;
    if (value !== null) {
      into.set(value, position);
      position += value.length;
    }
    this.bytes = position - start;
    return hash;
  }

  /** Adds an entry as another block has it. */
  addFrom(into: Buffer, start: number, key: Key, from: Block, index: number): number {
    const position = this.begin(start, key);
    from.copyEntry(index, into, position);
    this.bytes += from.entryBytes(index);
    return hashOf(into, position + entryHeaderBytes, key.length);
  }

  private begin(start: number, key: Key): number {
    if (this.starts.length === 0) this.firstKey = key;
    this.lastKey = key;
    this.starts.push(this.bytes);
    return start + this.bytes;
  }

  /** Ends the block that begins at `start`; returns its end. The next one may begin. */
  end(into: Buffer, start: number): number {
    let position = start + this.bytes;
    for (const entryStart of this.starts) {
      into.writeUInt32LE(entryStart, position);
      position += 4;
    }
    into.writeUInt32LE(this.starts.length, position);
    into.writeUInt32LE(commonPrefixLength(this.firstKey, this.lastKey), position + 4);
    this.starts = [];
    this.bytes = 0;
    return position + trailerBytes;
  }
}

/** How many bytes two keys have in common at their beginning. */
export function commonPrefixLength(a: Key, b: Key): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  return at;
}

/** The shortest key that is after `before` and not after `key`, where `before < key`. */
export function separatorOf(before: Key, key: Key): Key {
  return key.slice(0, commonPrefixLength(before, key) + 1);
}
