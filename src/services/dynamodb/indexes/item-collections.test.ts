import assert from "node:assert/strict";
import test from "node:test";
import { memoryStore } from "#store/open.ts";
import { CollectedMetrics, CollectionSizes, CollectionTooLarge } from "./item-collections.ts";

const limit = 1000;

test("a collection may grow up to its limit, and shrink at any time", async () => {
  const store = memoryStore();
  await store.transact((tx) => {
    const sizes = new CollectionSizes(tx, limit);
    sizes.add("a", 600);
    sizes.add("a", 400);
    assert.throws(() => sizes.add("a", 1), CollectionTooLarge);
    sizes.add("b", 1);
    sizes.write();
  });
  await store.transact((tx) => {
    const smaller = new CollectionSizes(tx, limit / 2);
    assert.equal(smaller.of("a"), 1000);
    assert.throws(() => smaller.add("a", 1), CollectionTooLarge);
    smaller.add("a", -100);
    assert.equal(smaller.of("a"), 900);
    smaller.write();
  });
  assert.equal(await store.read((snapshot) => new Map(all(snapshot)).get("a")), 900);
});

test("an empty collection leaves nothing behind", async () => {
  const store = memoryStore();
  for (const bytes of [10, -10]) {
    await store.transact((tx) => {
      const sizes = new CollectionSizes(tx, limit);
      sizes.add("a", bytes);
      sizes.write();
    });
  }
  assert.deepEqual(await store.read((snapshot) => [...all(snapshot)]), []);
});

test("metrics name each collection once, as it was last", () => {
  const metrics = new CollectedMetrics("SIZE");
  const one = (value: string, gigabytes: number) => ({
    ItemCollectionKey: { pk: { S: value } },
    SizeEstimateRangeGB: [gigabytes, gigabytes + 1],
  });
  metrics.addAll("t", [one("a", 0), undefined, one("b", 0), one("a", 1)]);
  metrics.addAll("u", [undefined]);
  assert.deepEqual(metrics.byTable(), { t: [one("a", 1), one("b", 0)] });
  assert.equal(new CollectedMetrics("SIZE").byTable(), undefined);
  const unasked = new CollectedMetrics("NONE");
  unasked.addAll("t", [one("a", 0)]);
  assert.equal(unasked.byTable(), undefined);
});

function* all(snapshot: Parameters<Parameters<ReturnType<typeof memoryStore>["read"]>[0]>[0]) {
  for (const { key, value } of snapshot.range({ start: "", end: "~" })) {
    yield [key, value.readDoubleBE(0)] as const;
  }
}
