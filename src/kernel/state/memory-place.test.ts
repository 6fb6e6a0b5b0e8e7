import assert from "node:assert/strict";
import test from "node:test";
import { memoryStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import { MemoryPlace } from "./memory-place.ts";
import { SnapshotProblem } from "./place.ts";

const facts = { name: "saved", savedAt: "", machineTime: "", version: "" };

async function put(store: Store, count: number, value: string): Promise<void> {
  for (let from = 0; from < count; from += 5000) {
    await store.transact((tx) => {
      for (let index = from; index < Math.min(count, from + 5000); index += 1) {
        tx.put(`key-${index}`, Buffer.from(value));
      }
    });
  }
}

function valuesOf(store: Store): Promise<Set<string>> {
  return store.read((snapshot) => {
    const found = [...snapshot.range({ start: "", end: "\u00fe" })];
    return new Set([String(found.length), ...found.map(({ value }) => value.toString())]);
  });
}

test("a snapshot in memory stays as it was, and is loaded whole, as often as one likes", async () => {
  const place = new MemoryPlace(memoryStore);
  let store = await place.open();
  await put(store, 12_000, "before");
  await place.save(store, facts);
  for (let round = 0; round < 2; round += 1) {
    await put(store, 13_000, "after");
    assert.deepEqual(await valuesOf(store), new Set(["13000", "after"]));
    const staged = await place.stage("saved");
    await store.close();
    await staged.install();
    store = await place.open();
    assert.deepEqual(await valuesOf(store), new Set(["12000", "before"]));
  }
  assert.deepEqual(
    (await place.list()).map(({ name }) => name),
    ["saved"],
  );
  const isProblem = (error: unknown) => error instanceof SnapshotProblem;
  await assert.rejects(place.save(store, facts), isProblem);
  await place.delete("saved");
  await assert.rejects(place.delete("saved"), isProblem);
  await assert.rejects(place.stage("saved"), isProblem);
  await assert.rejects(place.fork(), isProblem);
});
