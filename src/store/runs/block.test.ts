import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#world/seeded-random.ts";
import { Block, BlockWriter, separatorOf } from "./block.ts";
import { Probe } from "./probe.ts";

function blockOf(entries: readonly (readonly [key: string, value: string | null])[]): Block {
  const writer = new BlockWriter();
  const bytes = Buffer.alloc(100_000);
  for (const [key, value] of entries) {
    writer.add(bytes, 0, key, value === null ? null : Buffer.from(value));
  }
  return new Block(bytes.subarray(0, writer.end(bytes, 0)));
}

void test("a block gives back its entries, deletions and empty values", () => {
  const block = blockOf([
    ["a", "1"],
    ["b", null],
    ["c", ""],
  ]);
  const get = (key: string) => block.get(new Probe().set(key), 0);
  assert.equal(get("a")?.toString(), "1");
  assert.equal(get("b"), null);
  assert.equal(get("c")?.length, 0);
  for (const absent of ["", "A", "aa", "bb", "d"]) assert.equal(get(absent), undefined);
  assert.deepEqual([block.keyAt(0), block.keyAt(2)], ["a", "c"]);
});

void test("searches agree with a sorted list, whatever the keys have in common", () => {
  const random = seededRandom(1);
  const letters = ["\u0000", "a", "\u007f", "\u00ff"];
  const word = (most: number) =>
    Array.from({ length: random.below(most + 1) }, () => letters[random.below(4)]!).join("");
  for (let round = 0; round < 400; round++) {
    const prefix = word(12);
    const keys = [...new Set(Array.from({ length: 1 + random.below(40) }, () => prefix + word(9)))]
      .filter((key) => key !== "")
      .toSorted();
    if (keys.length === 0) continue;
    const block = blockOf(keys.map((key) => [key, key]));
    for (let search = 0; search < 60; search++) {
      const key = random.below(3) === 0 ? word(14) : prefix + word(9);
      const probe = new Probe().set(key);
      const before = keys.filter((other) => other < key).length;
      const upTo = keys.filter((other) => other <= key).length;
      assert.equal(block.firstNotBefore(probe, 0), before);
      assert.equal(block.lastNotAfter(probe, 0), upTo - 1);
      assert.equal(block.get(probe, 0)?.toString("latin1").length !== undefined, upTo > before);
      // What is known to agree need not be compared, and changes nothing.
      const agreed = Math.min(block.agreed, prefix.length);
      assert.equal(block.firstNotBefore(probe, agreed), before);
    }
  }
});

void test("a separator is after what comes before, and not after its key", () => {
  for (const [before, key, separator] of [
    ["abc", "abz", "abz"],
    ["abc", "abzz", "abz"],
    ["ab", "abc", "abc"],
    ["a", "b", "b"],
  ] as const) {
    assert.equal(separatorOf(before, key), separator);
  }
});
