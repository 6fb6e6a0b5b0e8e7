/**
 * CBOR (RFC 8949) as AWS's clients write it: definite and indefinite lengths, byte strings, times under tag 1, floats
 * of three sizes, big integers. Values come out as in JSON, with `Uint8Array` for bytes and `CborTime` for times.
 */
import { WireProblem } from "./protocol.ts";

/** A value under tag 1. The older binary JSON has milliseconds there, against the standard, as an integer. */
export class CborTime {
  readonly value: number;
  readonly isInteger: boolean;

  constructor(value: number, isInteger: boolean) {
    this.value = value;
    this.isInteger = isInteger;
  }
}

const deepestLevel = 200;

const problem = (): WireProblem =>
  new WireProblem("SerializationException", "The body is not well-formed CBOR");

export function decodeCbor(bytes: Buffer): unknown {
  const reader = new CborReader(bytes);
  const value = reader.read(0);
  reader.expectEnd();
  return value;
}

const endOfIndefinite = Symbol("break");

class CborReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) throw problem();
  }

  read(level: number): unknown {
    const value = this.#item(level);
    if (value === endOfIndefinite) throw problem();
    return value;
  }

  #item(level: number): unknown {
    if (level > deepestLevel) throw problem();
    const first = this.#take(1);
    const initial = this.#bytes[first] ?? 0;
    const major = initial >> 5;
    const info = initial & 31;
    switch (major) {
      case 0:
        return this.#argument(info);
      case 1:
        return -1 - this.#argument(info);
      case 2:
        return info === 31 ? Buffer.concat(this.#chunks(2)) : this.#slice(this.#length(info));
      case 3:
        return info === 31
          ? Buffer.concat(this.#chunks(3)).toString("utf8")
          : this.#slice(this.#length(info)).toString("utf8");
      case 4:
        return this.#array(info, level);
      case 5:
        return this.#map(info, level);
      case 6:
        return this.#tagged(this.#argument(info), level);
      default:
        return this.#simple(info);
    }
  }

  #array(info: number, level: number): unknown[] {
    const values: unknown[] = [];
    if (info === 31) {
      for (
        let value = this.#item(level + 1);
        value !== endOfIndefinite;
        value = this.#item(level + 1)
      ) {
        values.push(value);
      }
      return values;
    }
    for (let left = this.#length(info); left > 0; left--) values.push(this.read(level + 1));
    return values;
  }

  #map(info: number, level: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    let left = info === 31 ? Infinity : this.#length(info);
    for (; left > 0; left--) {
      const key = this.#item(level + 1);
      if (key === endOfIndefinite && info === 31) break;
      if (typeof key !== "string") throw problem();
      entries.push([key, this.read(level + 1)]);
    }
    return Object.fromEntries(entries);
  }

  #tagged(tag: number, level: number): unknown {
    const before = this.#at;
    const value = this.read(level + 1);
    if (tag === 1 && typeof value === "number") {
      return new CborTime(value, (this.#bytes[before] ?? 0) >> 5 < 2);
    }
    if ((tag === 2 || tag === 3) && value instanceof Uint8Array && value.length <= 16) {
      const magnitude = value.length === 0 ? 0 : Number(`0x${Buffer.from(value).toString("hex")}`);
      return tag === 2 ? magnitude : -1 - magnitude;
    }
    return value;
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfFloat(this.#bytes.readUInt16BE(this.#take(2)));
      case 26:
        return this.#bytes.readFloatBE(this.#take(4));
      case 27:
        return this.#bytes.readDoubleBE(this.#take(8));
      case 31:
        return endOfIndefinite;
      default:
        throw problem();
    }
  }

  #argument(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#bytes.readUInt8(this.#take(1));
    if (info === 25) return this.#bytes.readUInt16BE(this.#take(2));
    if (info === 26) return this.#bytes.readUInt32BE(this.#take(4));
    if (info !== 27) throw problem();
    const at = this.#take(8);
    return this.#bytes.readUInt32BE(at) * 4_294_967_296 + this.#bytes.readUInt32BE(at + 4);
  }

  // No container or string is longer than the bytes that are left: a made-up length allocates nothing.
  #length(info: number): number {
    const length = this.#argument(info);
    if (length > this.#bytes.length - this.#at) throw problem();
    return length;
  }

  #chunks(major: number): Buffer[] {
    const chunks: Buffer[] = [];
    for (;;) {
      const initial = this.#bytes[this.#take(1)] ?? 0;
      if (initial === 0xff) return chunks;
      if (initial >> 5 !== major || (initial & 31) === 31) throw problem();
      chunks.push(this.#slice(this.#length(initial & 31)));
    }
  }

  #slice(length: number): Buffer {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw problem();
    this.#at = at + count;
    return at;
  }
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0
    ? sign * 2 ** -24 * fraction
    : sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** Writes values piece by piece into one growing buffer. */
export class CborWriter {
  #bytes = Buffer.allocUnsafe(512);
  #at = 0;

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  null(): void {
    this.#byte(0xf6);
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0xf5 : 0xf4);
  }

  number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) this.#head(0, value);
      else this.#head(1, -1 - value);
    } else this.double(value);
  }

  double(value: number): void {
    this.#reserve(9);
    this.#bytes[this.#at++] = 0xfb;
    this.#at = this.#bytes.writeDoubleBE(value, this.#at);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#head(3, length);
    this.#reserve(length);
    this.#at += this.#bytes.write(value, this.#at);
  }

  blob(value: Uint8Array): void {
    this.#head(2, value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  array(length: number): void {
    this.#head(4, length);
  }

  /** A map of unknown size: keys and values follow, then `end`. */
  openMap(): void {
    this.#byte(0xbf);
  }

  end(): void {
    this.#byte(0xff);
  }

  tag(tag: number): void {
    this.#head(6, tag);
  }

  #head(major: number, value: number): void {
    this.#reserve(9);
    const bytes = this.#bytes;
    const type = major << 5;
    if (value < 24) bytes[this.#at++] = type | value;
    else if (value < 0x100) {
      bytes[this.#at++] = type | 24;
      bytes[this.#at++] = value;
    } else if (value < 0x1_0000) {
      bytes[this.#at++] = type | 25;
      this.#at = bytes.writeUInt16BE(value, this.#at);
    } else if (value < 0x1_0000_0000) {
      bytes[this.#at++] = type | 26;
      this.#at = bytes.writeUInt32BE(value, this.#at);
    } else {
      bytes[this.#at++] = type | 27;
      this.#at = bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), this.#at);
      this.#at = bytes.writeUInt32BE(value % 0x1_0000_0000, this.#at);
    }
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
