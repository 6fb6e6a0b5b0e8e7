import assert from "node:assert/strict";
import { test } from "node:test";
import { Block, BlockWriter } from "./block.ts";
import { BlockCache } from "./block-cache.ts";
import type { CachedBlock } from "./block-cache.ts";

const bytes = Buffer.alloc(100);
const writer = new BlockWriter();
writer.add(bytes, 0, "k", null);
const block = new Block(bytes.subarray(0, writer.end(bytes, 0)));

function cached(size: number): CachedBlock {
  return { block, filter: undefined, children: [], bytes: size, used: false };
}

void test("a cache keeps to its bounds, and what is used", () => {
  const cache = new BlockCache(100_000);
  const slots: (CachedBlock | undefined)[] = [];
  cache.keep(slots, 0, cached(1000));
  for (let slot = 1; slot < 1000; slot++) {
    if (slots[0] !== undefined) slots[0].used = true;
    cache.keep(slots, slot, cached(1000));
    assert.ok(cache.bytes <= 100_000);
  }
  assert.ok(slots[0] !== undefined, "it was used all the time");
  assert.ok(slots.filter((slot) => slot !== undefined).length > 70);
});

void test("what would push out most others is not kept", () => {
  const cache = new BlockCache(100_000);
  const slots: (CachedBlock | undefined)[] = [];
  cache.keep(slots, 0, cached(50_000));
  assert.equal(slots[0], undefined);
  assert.equal(cache.bytes, 0);
});

void test("a file that is gone leaves nothing behind", () => {
  const cache = new BlockCache(100_000);
  const [root, index] = [cached(100), cached(100)];
  const rootSlots: (CachedBlock | undefined)[] = [];
  const otherSlots: (CachedBlock | undefined)[] = [];
  cache.keep(rootSlots, 0, root);
  cache.keep(root.children, 0, index);
  cache.keep(otherSlots, 0, cached(100));
  for (let slot = 0; slot < 5; slot++) cache.keep(index.children, slot, cached(1000));
  const { bytes: before } = cache;
  cache.forget(rootSlots);
  assert.ok(before - cache.bytes > 5200);
  assert.ok(otherSlots[0] !== undefined);
  cache.forget(otherSlots);
  assert.equal(cache.bytes, 0);
});

void test("a full cache takes what was missed before, and not what is read once", () => {
  const cache = new BlockCache(100_000);
  const entries = Buffer.alloc(4000);
  const index = new BlockWriter();
  for (let key = 0; key < 100; key++) index.add(entries, 0, String(key).padStart(3, "0"), null);
  const parent = { ...cached(0), block: new Block(entries.subarray(0, index.end(entries, 0))) };
  assert.ok(cache.isWanted(parent, 0), "there is room");
  const slots: (CachedBlock | undefined)[] = [];
  for (let slot = 0; slot < 100; slot++) cache.keep(slots, slot, cached(1000));
  assert.ok(!cache.isWanted(parent, 0));
  assert.ok(cache.isWanted(parent, 0), "missed a moment ago");
  for (let child = 1; child < 100; child++) assert.ok(!cache.isWanted(parent, child));
  assert.ok(!cache.isWanted(parent, 0), "missed long ago");
});
