/**
 * A key that is looked for, as bytes: so it is compared with bytes in files, several times a look-up, at a
 * fraction of what walking through a string costs.
 */
import type { Key } from "#base/key.ts";

/** Longer than each key, and than the bounds of each range. */
const mostBytes = 16_384;

export class Probe {
  readonly bytes = Buffer.allocUnsafeSlow(mostBytes);
  length = 0;

  /** Makes it stand for this key from now on. */
  set(key: Key): this {
    this.length = this.bytes.write(key, 0, "latin1");
    return this;
  }

  get hash(): number {
    return hashOf(this.bytes, 0, this.length);
  }
}

/** 32 bits of a key, for filters; the same for all time, since filters lie on disks. */
export function hashOf(bytes: Buffer, start: number, length: number): number {
  const end = start + length;
  const wholeEnd = end - (length & 3);
  let hash = 0x811c_9dc5 ^ length;
  let at = start;
  for (; at < wholeEnd; at += 4) {
    const word =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash = Math.imul(hash ^ word, 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
