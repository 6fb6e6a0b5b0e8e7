/** Copies of a store: whole, of one moment, and on their own from then on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { simulatedWorld } from "#world/simulated.ts";
import type { SimulatedWorld } from "#world/simulated.ts";
import { memoryStore, simulatedStore } from "./open.ts";
import type { Store } from "./store.ts";

const everything = { start: "\u0000", end: "\u00ff" };

function stateOf(store: Store): Promise<Record<string, string>> {
  return store.read((view) =>
    Object.fromEntries(
      Array.from(view.range(everything), ({ key, value }) => [key, value.toString()]),
    ),
  );
}

/** Counts in two keys that always agree, and fills the store meanwhile. */
function step(store: Store): Promise<number> {
  return store.transact((tx) => {
    const count = Number(tx.get("a")?.toString() ?? 0) + 1;
    tx.put("a", Buffer.from(String(count)));
    tx.put(`fill ${count % 60}`, Buffer.alloc(300, "x"));
    if (count % 3 === 0) tx.delete(`fill ${count % 20}`);
    tx.put("z", Buffer.from(String(count)));
    return count;
  });
}

async function steps(store: Store, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await step(store);
}

function openAt(world: SimulatedWorld, folder: string): Promise<Store> {
  return simulatedStore({ world, folder });
}

void describe("A copy of a store", () => {
  void test("is of one moment, while writes go on, and lives on its own", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const world = simulatedWorld({ seed });
      const store = await openAt(world, "/data");
      await steps(store, 30 + seed * 5);
      let told = 0;
      const copying = { isDone: false };
      const writing = (async () => {
        while (!copying.isDone) told = await step(store);
      })();
      const before = told;
      await store.copyTo("/copy");
      copying.isDone = true;
      await writing;
      const after = await stateOf(store);

      const copy = await openAt(world, "/copy");
      const state = await stateOf(copy);
      assert.equal(state["a"], state["z"]);
      assert.ok(Number(state["a"]) >= before && Number(state["a"]) <= told);
      await steps(copy, 100);
      assert.deepEqual(await stateOf(store), after, "writes to the copy are the copy's alone");
      await steps(store, 100);
      await copy.close();
      await store.close();
      // Both survive the power, each whole.
      const next = world.crash();
      for (const folder of ["/data", "/copy"]) {
        const again = await openAt(next, folder);
        const found = await stateOf(again);
        assert.equal(found["a"], found["z"]);
        await again.close();
      }
    }
  });

  void test("is the same where links are impossible", async () => {
    const world = simulatedWorld({ seed: 1 });
    const store = await openAt(world, "/data");
    await steps(store, 200);
    const state = await stateOf(store);
    world.files.fail({ operation: "link", code: "EXDEV", times: 1000 });
    await store.copyTo("/copy");
    assert.deepEqual(await stateOf(await openAt(world, "/copy")), state);
  });

  void test("of half the files is refused, not opened as an empty store", async () => {
    for (let halt = 0; halt < 30; halt += 1) {
      const world = simulatedWorld({ seed: halt });
      const store = await openAt(world, "/data");
      await steps(store, 100);
      world.files.haltAfter(halt);
      await store.copyTo("/copy").catch(() => undefined);
      const next = world.crash();
      const there = (await next.files.list("/copy/base")).some((name) => name.endsWith(".run"));
      const opened = await openAt(next, "/copy").catch((error: Error) => error);
      if (opened instanceof Error) assert.match(opened.message, /no manifest/);
      else if (there) assert.equal((await stateOf(opened))["a"], "100");
    }
  });

  void test("wants an empty folder", async () => {
    const world = simulatedWorld({ seed: 1 });
    const store = await openAt(world, "/data");
    await steps(store, 3);
    await store.copyTo("/copy");
    await assert.rejects(store.copyTo("/copy"), /is not empty/);
    await store.close();
    await assert.rejects(store.copyTo("/other"), /closed/);
  });

  void test("of a store in memory opens on the disk", async () => {
    const world = simulatedWorld({ seed: 1 });
    const store = memoryStore(world);
    await steps(store, 300);
    await store.copyTo("/copy");
    assert.deepEqual(await stateOf(await openAt(world, "/copy")), await stateOf(store));
    await memoryStore(world).copyTo("/none");
    assert.deepEqual(await stateOf(await openAt(world, "/none")), {});
  });
});

void test("a folder of an earlier kind of store is refused, and left as it is", async () => {
  const world = simulatedWorld({ seed: 1 });
  await world.files.makeFolder("/data/lmdb");
  await world.files.replace("/data/lmdb/data.mdb", Buffer.from("x"));
  await assert.rejects(openAt(world, "/data"), /written by a development build of Tule 0\.1\.0/);
  assert.deepEqual(await world.files.list("/data"), ["lmdb"]);
});
