import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { endOfPrefix, keyAfter } from "./key.ts";
import { bytes, bytesPrefix, decodeTuple, integer, text, textPrefix, tuple } from "./tuple.ts";
import type { TuplePart } from "./tuple.ts";

// Zeros, 0xFF and letters of all lengths in UTF-8: where an encoding goes wrong.
const unit = fc.constantFrom("\u0000", "\u0001", "a", "b", "\u007f", "\u00ff", "é", "\uffff", "😀");
const texts = fc.array(unit, { maxLength: 5 }).map((units) => units.join(""));
const buffers = fc
  .array(fc.constantFrom(0, 1, 0x10, 0x7f, 0xfe, 0xff), { maxLength: 5 })
  .map((values) => Buffer.from(values));
const integers = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat());
const tuples = fc.array(fc.oneof(texts, buffers, integers), { maxLength: 4 });

function rank(part: TuplePart): number {
  return typeof part === "number" ? 2 : typeof part === "string" ? 1 : 0;
}

function comparePart(a: TuplePart, b: TuplePart): number {
  if (typeof a === "number" && typeof b === "number") return Math.sign(a - b);
  if (rank(a) !== rank(b)) return Math.sign(rank(a) - rank(b));
  return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
}

function compare(a: readonly TuplePart[], b: readonly TuplePart[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = comparePart(a[index]!, b[index]!);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

void test("the order of keys is the order of their tuples", () => {
  fc.assert(
    fc.property(tuples, tuples, (a, b) => {
      const [left, right] = [tuple(...a), tuple(...b)];
      assert.equal(left < right ? -1 : left > right ? 1 : 0, compare(a, b));
    }),
    { seed: 1, numRuns: 20_000 },
  );
});

void test("a key gives its tuple back", () => {
  fc.assert(
    fc.property(tuples, (parts) => {
      const key = tuple(...parts);
      for (const character of key) assert.ok(character <= "\u00ff");
      assert.deepEqual(decodeTuple(key), parts);
    }),
    { seed: 2, numRuns: 5000 },
  );
});

void test("the keys of longer tuples are a range of their own, right after the shorter one", () => {
  fc.assert(
    fc.property(tuples, tuples, (a, b) => {
      const prefix = tuple(...a);
      fc.pre(prefix !== "");
      const key = tuple(...b);
      const isExtension =
        b.length >= a.length && a.every((part, index) => comparePart(part, b[index]!) === 0);
      assert.equal(key >= prefix && key < endOfPrefix(prefix), isExtension);
      assert.equal(tuple(...a, ...b), prefix + key);
    }),
    { seed: 3, numRuns: 5000 },
  );
});

void test("the prefix of a text or of bytes ranges over what begins with it", () => {
  fc.assert(
    fc.property(texts, texts, buffers, buffers, (a, b, x, y) => {
      const start = textPrefix(a);
      const key = text(b);
      assert.equal(key >= start && key < endOfPrefix(start), b.startsWith(a));
      const from = bytesPrefix(x);
      const at = bytes(y);
      assert.equal(at >= from && at < endOfPrefix(from), y.subarray(0, x.length).equals(x));
    }),
    { seed: 4, numRuns: 5000 },
  );
});

void test("bytes may also be given as a string of bytes", () => {
  assert.equal(bytes("\u0000\u00ff"), bytes(Buffer.from([0, 255])));
});

void test("only whole numbers from 0 to 2^53 - 1 are keys", () => {
  for (const wrong of [-1, 0.5, 2 ** 53, NaN, Infinity]) {
    assert.throws(() => integer(wrong), RangeError);
  }
});

void test("what is no tuple is not decoded", () => {
  for (const wrong of ["x", "\u0020abc", "\u0030\u0000", "\u0010\u0000\u00ff"]) {
    assert.throws(() => decodeTuple(wrong), RangeError);
  }
});

void test("between a key and the key after it there is nothing", () => {
  assert.ok("a" < keyAfter("a") && keyAfter("a") < "a\u0000\u0000" && keyAfter("a") < "a\u0001");
  assert.throws(() => endOfPrefix("\u00ff"), RangeError);
  assert.equal(endOfPrefix("a\u00ff"), "b");
});
