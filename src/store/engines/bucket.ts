import type { Key } from "#base/key.ts";
import { firstNotBefore } from "../sorted-keys.ts";
import type { Entry } from "../store.ts";

/**
 * Keys that are longer than the engine below allows. All keys that begin with the same longest allowed
 * bytes lie in one entry under those bytes: the rest of each key with its value, sorted. Keys in the
 * engine are then either shorter than the limit (themselves) or exactly as long (buckets), so a walk that
 * opens the buckets it meets sees all keys in order.
 *
 *     entry    bytes of the rest 2, bytes of the value 4, rest, value
 */
export class Bucket {
  private readonly rests: Key[] = [];
  private readonly values: Buffer[] = [];

  static decode(bytes: Buffer): Bucket {
    const bucket = new Bucket();
    let position = 0;
    while (position < bytes.length) {
      const restEnd = position + 6 + bytes.readUInt16LE(position);
      const end = restEnd + bytes.readUInt32LE(position + 2);
      bucket.rests.push(bytes.toString("latin1", position + 6, restEnd));
      bucket.values.push(bytes.subarray(restEnd, end));
      position = end;
    }
    return bucket;
  }

  encode(): Buffer {
    const parts: Buffer[] = [];
    for (const [index, rest] of this.rests.entries()) {
      const value = this.values[index]!;
      const header = Buffer.alloc(6);
      header.writeUInt16LE(rest.length, 0);
      header.writeUInt32LE(value.length, 2);
      parts.push(header, Buffer.from(rest, "latin1"), value);
    }
    return Buffer.concat(parts);
  }

  get(rest: Key): Buffer | undefined {
    const index = firstNotBefore(this.rests, rest);
    return this.rests[index] === rest ? this.values[index] : undefined;
  }

  set(rest: Key, value: Buffer | null): void {
    const index = firstNotBefore(this.rests, rest);
    const there = this.rests[index] === rest ? 1 : 0;
    if (value === null) {
      this.rests.splice(index, there);
      this.values.splice(index, there);
    } else {
      this.rests.splice(index, there, rest);
      this.values.splice(index, there, value);
    }
  }

  isEmpty(): boolean {
    return this.rests.length === 0;
  }

  /** In key order, with whole keys. */
  entries(prefix: Key): Entry[] {
    return this.rests.map((rest, index) => ({ key: prefix + rest, value: this.values[index]! }));
  }
}
