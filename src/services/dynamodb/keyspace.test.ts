import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { partitionBytes, primaryKeySuffix, segmentRange } from "./keyspace.ts";

const attribute = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 8 }),
  fc.constantFrom(
    "\u0000",
    "\u0000\u0000",
    "\u00ff",
    "\u0010a\u0000",
    "x".repeat(511),
    "x".repeat(512),
    "y".repeat(3000),
  ),
);

test("different keys have different bytes, of which none begins with another", () => {
  for (const encode of [partitionBytes, primaryKeySuffix]) {
    fc.assert(
      fc.property(
        fc.array(attribute, { minLength: 1, maxLength: 4 }),
        fc.array(attribute, { minLength: 1, maxLength: 4 }),
        (left, right) => {
          fc.pre(left.length === right.length);
          const same = left.every((value, at) => value === right[at]);
          const [one, other] = [encode(left), encode(right)];
          assert.equal(one === other, same);
          if (!same) assert(!one.startsWith(other) && !other.startsWith(one));
          assert(one.length < 1100);
        },
      ),
      { numRuns: 500, seed: 20_261_125 },
    );
  }
});

test("the segments of a scan cover all partitions, each once", () => {
  const keys = Array.from({ length: 500 }, (_, index) => `p/${partitionBytes([`key ${index}`])}`);
  for (const total of [1, 2, 7, 64, 1000]) {
    const ranges = [...Array(total).keys()].map((segment) => segmentRange("p/", segment, total));
    for (const key of keys) {
      assert.equal(ranges.filter(({ start, end }) => start <= key && key < end).length, 1);
    }
    ranges.slice(1).forEach(({ start }, before) => assert.equal(start, ranges[before]!.end));
  }
});

test("partitions spread evenly over the segments, whatever their keys look like", () => {
  const total = 8;
  const ranges = [...Array(total).keys()].map((segment) => segmentRange("p/", segment, total));
  for (const name of [
    (index: number) => `user#${index}`,
    (index: number) => `${"0".repeat(40)}${index}`,
  ]) {
    const counts = ranges.map(() => 0);
    for (let index = 0; index < 8000; index++) {
      const key = `p/${partitionBytes([name(index)])}`;
      const segment = ranges.findIndex(({ start, end }) => start <= key && key < end);
      counts[segment]! += 1;
    }
    for (const count of counts) assert(count > 800 && count < 1200, counts.join(" "));
  }
});
