import { Malformed } from "./malformed.ts";

const shift32 = 2 ** 32;

/** Deeper values than DynamoDB's 32 levels are refused later, in its own words; these would exhaust the stack. */
export const deepestLevel = 200;

export const major = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;

const falseByte = 0xf4;
const trueByte = 0xf5;
const nullByte = 0xf6;
const breakByte = 0xff;

/**
 * Reads CBOR (RFC 8949) value by value, as the clients write it: definite and indefinite lengths, decimals and big
 * integers under tags. Everything that is not there or not as asked for throws `Malformed`.
 */
export class CborReader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** The next value's major type; reads nothing. */
  nextMajor(): number {
    return this.#peek() >> 5;
  }

  tryNull(): boolean {
    return this.#tryByte(nullByte);
  }

  tryBreak(): boolean {
    return this.#tryByte(breakByte);
  }

  /** A flag: true or false, or an integer that is 0 for false. */
  flag(): boolean {
    if (this.#tryByte(trueByte)) return true;
    if (this.#tryByte(falseByte)) return false;
    return this.integer() !== 0;
  }

  integer(): number {
    const type = this.nextMajor();
    if (type !== major.unsigned && type !== major.negative) throw new Malformed("not an integer");
    const value = this.#argument();
    if (!Number.isSafeInteger(value)) throw new Malformed("an integer is too large");
    return type === major.unsigned ? value : -1 - value;
  }

  text(): string {
    return this.#string(major.text).toString("utf8");
  }

  /** A part of the bytes that are read from, unless it came in chunks. */
  byteString(): Buffer {
    return this.#string(major.bytes);
  }

  /** The number of elements; undefined if a break ends them. */
  arrayLength(): number | undefined {
    return this.#length(major.array);
  }

  mapLength(): number | undefined {
    return this.#length(major.map);
  }

  *elements(): Generator<number> {
    yield* this.#counted(this.arrayLength());
  }

  /** Once for each pair of a map, of which the caller reads key and value. */
  *pairs(): Generator<number> {
    yield* this.#counted(this.mapLength());
  }

  tag(): number {
    if (this.nextMajor() !== major.tag) throw new Malformed("not a tag");
    return this.#argument();
  }

  tryBoolean(): boolean | undefined {
    if (this.#tryByte(trueByte)) return true;
    return this.#tryByte(falseByte) ? false : undefined;
  }

  /** A number's decimal text: of an integer, a float, a big integer or a decimal fraction. */
  numberText(): string {
    switch (this.nextMajor()) {
      case major.unsigned:
      case major.negative:
        return this.#integerText();
      case major.tag:
        return this.taggedNumberText(this.tag());
      case major.simple:
        return this.#floatText();
      default:
        throw new Malformed("not a number");
    }
  }

  /** The number under a tag that was read. */
  taggedNumberText(tag: number): string {
    if (tag === 2 || tag === 3) {
      const hex = this.byteString().toString("hex");
      if (hex.length > 256) throw new Malformed("a number is too long");
      const magnitude = hex === "" ? 0n : BigInt(`0x${hex}`);
      return String(tag === 2 ? magnitude : -1n - magnitude);
    }
    if (tag !== 4 || this.arrayLength() !== 2) throw new Malformed("not a number");
    const exponent = this.integer();
    const mantissa = this.#mantissaText();
    return exponent === 0 ? mantissa : `${mantissa}E${exponent}`;
  }

  /** Passes over one value, whatever it is. */
  skip(level = 0): void {
    if (level > deepestLevel) throw new Malformed("nested too deeply");
    const type = this.nextMajor();
    switch (type) {
      case major.bytes:
      case major.text:
        this.#string(type);
        return;
      case major.array:
        for (const _ of this.elements()) this.skip(level + 1);
        return;
      case major.map:
        for (const _ of this.pairs()) {
          this.skip(level + 1);
          this.skip(level + 1);
        }
        return;
      case major.tag:
        this.#argument();
        this.skip(level + 1);
        return;
      default:
        if (this.#peek() === breakByte) throw new Malformed("an end of nothing");
        this.#argument();
    }
  }

  #mantissaText(): string {
    const type = this.nextMajor();
    if (type === major.tag) {
      const tag = this.tag();
      if (tag === 2 || tag === 3) return this.taggedNumberText(tag);
    }
    return this.#integerText();
  }

  #integerText(): string {
    const type = this.nextMajor();
    if (type !== major.unsigned && type !== major.negative) throw new Malformed("not an integer");
    if ((this.#peek() & 31) !== 27) {
      const value = this.#argument();
      return String(type === major.unsigned ? value : -1 - value);
    }
    this.#need(9);
    const value = this.bytes.readBigUInt64BE(this.at + 1);
    this.at += 9;
    return String(type === major.unsigned ? value : -1n - value);
  }

  #floatText(): string {
    const initial = this.#peek();
    let value: number;
    if (initial === 0xfb) {
      this.#need(9);
      value = this.bytes.readDoubleBE(this.at + 1);
      this.at += 9;
    } else if (initial === 0xfa) {
      this.#need(5);
      value = this.bytes.readFloatBE(this.at + 1);
      this.at += 5;
    } else if (initial === 0xf9) {
      this.#need(3);
      value = halfFloat(this.bytes.readUInt16BE(this.at + 1));
      this.at += 3;
    } else {
      throw new Malformed("not a number");
    }
    return String(value);
  }

  #string(type: number): Buffer {
    const length = this.#length(type);
    if (length !== undefined) {
      this.#need(length);
      const start = this.at;
      this.at += length;
      return this.bytes.subarray(start, this.at);
    }
    const chunks: Buffer[] = [];
    while (!this.tryBreak()) {
      if ((this.#peek() & 31) === 31) throw new Malformed("a string within a string's chunks");
      chunks.push(this.#string(type));
    }
    return Buffer.concat(chunks);
  }

  #length(type: number): number | undefined {
    const initial = this.#peek();
    if (initial >> 5 !== type) throw new Malformed("another type than expected");
    if ((initial & 31) === 31) {
      this.at += 1;
      return undefined;
    }
    return this.#argument();
  }

  *#counted(length: number | undefined): Generator<number> {
    // Each element takes a byte at least: a length beyond what is there is a lie.
    if (length !== undefined && length > this.end - this.at) throw new Malformed("too short");
    for (let index = 0; index !== length; index += 1) {
      if (length === undefined && this.tryBreak()) return;
      yield index;
    }
  }

  #argument(): number {
    const info = this.#peek() & 31;
    if (info < 24) {
      this.at += 1;
      return info;
    }
    if (info > 27) throw new Malformed("a length of no form");
    const size = 1 << (info - 24);
    this.#need(1 + size);
    const start = this.at + 1;
    this.at = start + size;
    if (size === 1) return this.bytes[start]!;
    if (size === 2) return this.bytes.readUInt16BE(start);
    if (size === 4) return this.bytes.readUInt32BE(start);
    return this.bytes.readUInt32BE(start) * shift32 + this.bytes.readUInt32BE(start + 4);
  }

  #tryByte(byte: number): boolean {
    if (this.#peek() !== byte) return false;
    this.at += 1;
    return true;
  }

  #peek(): number {
    this.#need(1);
    return this.bytes[this.at]!;
  }

  #need(count: number): void {
    if (this.end - this.at < count) throw new Malformed("too short");
  }
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * 2 ** (exponent - 25) * (1024 + fraction);
}
