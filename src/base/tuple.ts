/**
 * Tuples as keys: an encoding whose byte order is the order of the tuples, part by part, and in which
 * a tuple sorts before its own extensions. Each part says its type, so keys can be decoded again.
 *
 *     bytes    0x10, the bytes with each 0x00 written as 0x00 0xFF, then 0x00 0x01
 *     text     0x20, UTF-8 escaped in the same way, then 0x00 0x01
 *     integer  0x30, eight bytes, big endian
 *
 * A part's end is always below an escaped zero, so "a" sorts before "a\0"; and it occurs nowhere else, so
 * the keys that begin with a tuple's key are those of its extensions and no others. Parts of different
 * types sort by type: bytes, text, integers. Half a surrogate pair, which UTF-8 cannot say, becomes U+FFFD.
 */
import type { Key } from "./key.ts";

export type TuplePart = string | number | Uint8Array;

const bytesType = "\u0010";
const textType = "\u0020";
const integerType = "\u0030";
const end = "\u0000\u0001";

// Control characters are what these two are about.
// oxlint-disable-next-line no-control-regex
const plainAscii = /^[\u0001-\u007f]*$/;
// oxlint-disable-next-line no-control-regex
const zeros = /\u0000/g;

/** The key of a tuple. Concatenating the keys of two tuples gives the key of the longer tuple. */
export function tuple(...parts: readonly TuplePart[]): Key {
  let key = "";
  for (const part of parts) {
    if (typeof part === "string") key += text(part);
    else if (typeof part === "number") key += integer(part);
    else key += bytes(part);
  }
  return key;
}

/** One part: a text. Its order is that of its UTF-8 bytes (so, of its code points). */
export function text(value: string): Key {
  return textPrefix(value) + end;
}

/** What the keys of all texts that begin with `value` have in common: for prefix ranges. */
export function textPrefix(value: string): Key {
  if (plainAscii.test(value)) return textType + value;
  return textType + escaped(Buffer.from(value, "utf8").toString("latin1"));
}

/** One part: bytes, as a buffer or as a string with one character a byte. */
export function bytes(value: Uint8Array | Key): Key {
  return bytesPrefix(value) + end;
}

/** What the keys of all byte strings that begin with `value` have in common: for prefix ranges. */
export function bytesPrefix(value: Uint8Array | Key): Key {
  return bytesType + escaped(typeof value === "string" ? value : latin1(value));
}

/** One part: a whole number from 0 to 2^53 - 1. */
export function integer(value: number): Key {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`a key holds whole numbers from 0 to 2^53 - 1, not ${value}`);
  }
  const high = Math.floor(value / 0x1_0000_0000);
  return (
    integerType +
    String.fromCharCode(
      0,
      (high >>> 16) & 0xff,
      (high >>> 8) & 0xff,
      high & 0xff,
      (value >>> 24) & 0xff,
      (value >>> 16) & 0xff,
      (value >>> 8) & 0xff,
      value & 0xff,
    )
  );
}

/** The parts of a key made by `tuple`. Bytes come back as buffers. */
export function decodeTuple(key: Key): TuplePart[] {
  const parts: TuplePart[] = [];
  let position = 0;
  while (position < key.length) {
    const type = key[position];
    position += 1;
    if (type === integerType) {
      parts.push(decodeInteger(key, position));
      position += 8;
      continue;
    }
    if (type !== textType && type !== bytesType) {
      throw new RangeError("a key that is no tuple: unknown type of a part");
    }
    const after = endOfPart(key, position);
    const raw = key.slice(position, after).replaceAll("\u0000\u00ff", "\u0000");
    parts.push(
      type === bytesType
        ? Buffer.from(raw, "latin1")
        : plainAscii.test(raw)
          ? raw
          : Buffer.from(raw, "latin1").toString("utf8"),
    );
    position = after + end.length;
  }
  return parts;
}

function decodeInteger(key: Key, position: number): number {
  if (position + 8 > key.length) throw new RangeError("a key that is no tuple: cut off");
  let value = 0;
  for (let index = position; index < position + 8; index++) {
    value = value * 256 + key.charCodeAt(index);
  }
  return value;
}

/** Where the end of this part stands. */
function endOfPart(key: Key, from: number): number {
  const at = key.indexOf(end, from);
  if (at === -1) throw new RangeError("a key that is no tuple: cut off");
  return at;
}

function escaped(raw: Key): Key {
  return raw.includes("\u0000") ? raw.replace(zeros, "\u0000\u00ff") : raw;
}

function latin1(value: Uint8Array): Key {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
}
