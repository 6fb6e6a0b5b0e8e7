/**
 * A key of the store: a string of bytes, held as a JavaScript string in which each character is one
 * byte (U+0000 to U+00FF).
 *
 * Why not a Buffer: such a string is immutable, hashes, concatenates without copying, and compares
 * with `<` in byte order, all without a call into native code.
 */
export type Key = string;

/** The first key after `key`. */
export function keyAfter(key: Key): Key {
  return key + "\u0000";
}

/**
 * The first key that is larger than each key with this prefix: the exclusive end of a prefix range.
 * An empty prefix, or one of 0xFF bytes only, has no such key within the store's key space.
 */
export function endOfPrefix(prefix: Key): Key {
  for (let last = prefix.length - 1; last >= 0; last--) {
    const byte = prefix.charCodeAt(last);
    if (byte < 0xff) return prefix.slice(0, last) + String.fromCharCode(byte + 1);
  }
  throw new RangeError("a prefix without a byte below 0xFF has no end");
}
