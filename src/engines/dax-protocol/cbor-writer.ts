import { major } from "./cbor-reader.ts";

const shift32 = 2 ** 32;

/** Writes CBOR into one growing buffer. */
export class CborWriter {
  #bytes: Buffer;
  #at = 0;

  constructor(sizeBytes = 256) {
    this.#bytes = Buffer.allocUnsafe(sizeBytes);
  }

  /** What was written: a view, so the writer is done. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  null(): this {
    return this.#byte(0xf6);
  }

  boolean(value: boolean): this {
    return this.#byte(value ? 0xf5 : 0xf4);
  }

  /** A whole number within JavaScript's safe integers. */
  integer(value: number): this {
    return value >= 0 ? this.#head(major.unsigned, value) : this.#head(major.negative, -1 - value);
  }

  float(value: number): this {
    this.#reserve(9);
    this.#bytes[this.#at] = 0xfb;
    this.#bytes.writeDoubleBE(value, this.#at + 1);
    this.#at += 9;
    return this;
  }

  /** As an integer if it is one. */
  number(value: number): this {
    return Number.isSafeInteger(value) ? this.integer(value) : this.float(value);
  }

  bigInteger(value: bigint): this {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) {
      return this.integer(Number(value));
    }
    const isNegative = value < 0n;
    const hex = (isNegative ? -1n - value : value).toString(16);
    this.tag(isNegative ? 3 : 2);
    return this.byteString(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex"));
  }

  text(value: string): this {
    const length = Buffer.byteLength(value);
    this.#head(major.text, length);
    this.#reserve(length);
    this.#at += this.#bytes.write(value, this.#at, "utf8");
    return this;
  }

  byteString(value: Buffer): this {
    this.#head(major.bytes, value.length);
    return this.raw(value);
  }

  /** Bytes that are CBOR already. */
  raw(value: Buffer): this {
    this.#reserve(value.length);
    this.#at += value.copy(this.#bytes, this.#at);
    return this;
  }

  array(length: number): this {
    return this.#head(major.array, length);
  }

  map(length: number): this {
    return this.#head(major.map, length);
  }

  /** A map without a length; `end` follows its last member. The Java client reads some maps in this form alone. */
  openMap(): this {
    return this.#byte(0xbf);
  }

  end(): this {
    return this.#byte(0xff);
  }

  tag(tag: number): this {
    return this.#head(major.tag, tag);
  }

  #head(type: number, value: number): this {
    this.#reserve(9);
    const bytes = this.#bytes;
    const initial = type << 5;
    if (value < 24) {
      bytes[this.#at++] = initial | value;
    } else if (value <= 0xff) {
      bytes[this.#at++] = initial | 24;
      bytes[this.#at++] = value;
    } else if (value <= 0xffff) {
      bytes[this.#at] = initial | 25;
      bytes.writeUInt16BE(value, this.#at + 1);
      this.#at += 3;
    } else if (value < shift32) {
      bytes[this.#at] = initial | 26;
      bytes.writeUInt32BE(value, this.#at + 1);
      this.#at += 5;
    } else {
      bytes[this.#at] = initial | 27;
      bytes.writeUInt32BE(Math.floor(value / shift32), this.#at + 1);
      bytes.writeUInt32BE(value % shift32, this.#at + 5);
      this.#at += 9;
    }
    return this;
  }

  #byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** The bytes of a value that travels as a byte string of its own: write it, then finish. */
export function encoded(write: (writer: CborWriter) => void): Buffer {
  const writer = new CborWriter();
  write(writer);
  return writer.finish();
}
