/** What the contract suite cannot see from outside: groups, held disks, layers, bounds, failures. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Key } from "#base/key.ts";
import type { Batch, Cursor, Engine } from "./engine.ts";
import { MemoryEngine } from "./engines/memory.ts";
import { LocalStore } from "./local-store.ts";
import { StoreFailed } from "./store.ts";
import type { KeyRange, Snapshot } from "./store.ts";
import { Suspended } from "./suspended.ts";

/** An engine whose disk is held by the test: each write waits until it is let go, or fails. */
class HeldEngine implements Engine {
  readonly lastSequence = 0;
  readonly writes: { keys: Key[]; finish(): void; fail(error: Error): void }[] = [];
  private readonly below = new MemoryEngine();
  /** Reads of these keys are not at hand until the promise resolves. */
  readonly missing = new Map<Key, Promise<void>>();

  get(key: Key): Buffer | undefined {
    const ready = this.missing.get(key);
    if (ready !== undefined) throw new Suspended(ready);
    return this.below.get(key);
  }

  range(range: KeyRange): Cursor {
    return this.below.range(range);
  }

  write(batch: Batch, sequence: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.writes.push({
        keys: [...batch.keys()],
        finish: () => resolve(this.below.write(batch, sequence)),
        fail: reject,
      });
    });
  }

  copyTo(folder: string): Promise<void> {
    return this.below.copyTo(folder);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const bytes = (text: string) => Buffer.from(text);
const turn = () => new Promise((resolve) => setImmediate(resolve));
const keysIn = (view: Snapshot, reverse = false) =>
  Array.from(view.range({ start: "a", end: "z", reverse }), ({ key }) => key);

/** Notes whether a promise has settled. */
function watched<T>(promise: Promise<T>): { readonly settled: boolean } {
  const state = { settled: false };
  const settle = () => {
    state.settled = true;
  };
  promise.then(settle, settle);
  return state;
}

void describe("The store over an engine in this process", () => {
  void test("answers when the group is durable; readers see nothing before, bodies all", async () => {
    const engine = new HeldEngine();
    const store = new LocalStore(engine);
    const first = store.transact((tx) => tx.put("a", bytes("1")));
    const firstState = watched(first);
    await turn();
    // In flight now; the next one forms above it.
    const second = store.transact((tx) => {
      assert.deepEqual(keysIn(tx), ["a"]);
      tx.put("b", bytes("2"));
      tx.delete("a");
    });
    await turn();
    assert.deepEqual(
      engine.writes.map((write) => write.keys),
      [["a"]],
    );
    assert.equal(firstState.settled, false);
    assert.deepEqual(await store.read((s) => keysIn(s)), []);
    const third = watched(store.transact((tx) => assert.deepEqual(keysIn(tx, true), ["b"])));

    engine.writes[0]!.finish();
    await first;
    assert.deepEqual(await store.read((s) => keysIn(s)), ["a"]);
    assert.equal(third.settled, false, "it read what is not durable yet");
    await turn();
    engine.writes[1]!.finish();
    await second;
    await turn();
    assert.equal(third.settled, true);
    assert.deepEqual(await store.read((s) => keysIn(s)), ["b"]);
  });

  void test("commits all that came during a sync with one more", async () => {
    const engine = new HeldEngine();
    const store = new LocalStore(engine);
    const all = Array.from({ length: 65 }, (_, index) =>
      store.transact((tx) => tx.put(`k${index}`, bytes("x"))),
    );
    await turn();
    const more = Array.from({ length: 64 }, (_, index) =>
      store.transact((tx) => tx.put(`m${index}`, bytes("x"))),
    );
    engine.writes[0]!.finish();
    await Promise.all(all);
    await turn();
    engine.writes[1]!.finish();
    await Promise.all(more);
    assert.deepEqual(
      engine.writes.map((write) => write.keys.length),
      [65, 64],
    );
  });

  void test("holds a refusal back until what it was decided on is durable", async () => {
    const engine = new HeldEngine();
    const store = new LocalStore(engine);
    const first = store.transact((tx) => tx.put("a", bytes("1")));
    const refusal = store.transact((tx) => {
      if (tx.get("a")) throw new Error("exists");
    });
    const state = watched(refusal);
    await turn();
    assert.equal(state.settled, false);
    engine.writes[0]!.finish();
    await first;
    await assert.rejects(refusal, /exists/);
    // Nothing is pending now: at once.
    const now = store.transact(() => {
      throw new Error("no");
    });
    await assert.rejects(now, /no/);
    assert.equal(engine.writes.length, 1);
  });

  void test("refuses everything after a write that failed, whoever waited", async () => {
    const engine = new HeldEngine();
    const store = new LocalStore(engine);
    const inFlight = store.transact((tx) => tx.put("a", bytes("1")));
    await turn();
    const forming = store.transact((tx) => tx.put("b", bytes("1")));
    const reading = store.transact((tx) => tx.get("a"));
    engine.writes[0]!.fail(new Error("EIO"));
    for (const promise of [inFlight, forming, reading]) {
      await assert.rejects(promise, (error: Error) => {
        assert.ok(error instanceof StoreFailed);
        assert.match(String(error.cause), /EIO/);
        return true;
      });
    }
    await assert.rejects(
      store.transact(() => 1),
      StoreFailed,
    );
    await assert.rejects(
      store.read(() => 1),
      StoreFailed,
    );
    assert.equal(engine.writes.length, 1);
    await store.close();
  });

  void test("lets bodies wait when a group is full, in order", async () => {
    const engine = new HeldEngine();
    const store = new LocalStore(engine);
    const megabyte = Buffer.alloc(1024 * 1024);
    const order: number[] = [];
    const all = Array.from({ length: 12 }, (_, index) =>
      store.transact((tx) => {
        order.push(index);
        tx.put(`k${index}`, megabyte);
      }),
    );
    assert.deepEqual(order, [0, 1, 2, 3]);
    for (let write = 0; write < 3; write++) {
      await turn();
      engine.writes[write]!.finish();
    }
    await Promise.all(all);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    assert.equal(engine.writes.length, 3);
  });

  void test("runs a suspended body again when its read is at hand; others go on meanwhile", async () => {
    const engine = new HeldEngine();
    const store = new LocalStore(engine);
    let arrive = () => {};
    engine.missing.set("late", new Promise((resolve) => (arrive = resolve)));
    let runs = 0;
    const suspended = store.transact((tx) => {
      runs += 1;
      const other = tx.get("other")?.toString();
      tx.put(`run ${runs}`, bytes("x"));
      tx.get("late");
      return other;
    });
    const other = store.transact((tx) => tx.put("other", bytes("1")));
    await turn();
    engine.writes[0]!.finish();
    await other;
    assert.equal(watched(suspended).settled, false);
    engine.missing.clear();
    arrive();
    await turn();
    engine.writes[1]!.finish();
    // The rerun sees later commits; the writes of the first run are gone.
    assert.equal(await suspended, "1");
    assert.equal(runs, 2);
    assert.deepEqual(engine.writes[1]!.keys, ["run 2"]);
  });

  void test("refuses a transaction inside the body of another, which goes on", async () => {
    const store = new LocalStore(new MemoryEngine());
    const inner = await store.transact((tx) => {
      tx.put("a", bytes("1"));
      return [store.transact(() => 1)];
    });
    await assert.rejects(inner[0]!, /inside the body of another/);
    assert.deepEqual(await store.read((s) => keysIn(s)), ["a"]);
  });

  void test("sees a record as each view must, while its new value is in flight", async () => {
    const engine = new HeldEngine();
    const store = new LocalStore(engine);
    const codec = { encode: (value: string) => bytes(value), decode: String };
    const write = (value: string) => store.transact((tx) => tx.putRecord("r", codec, value));
    const read = () => store.read((snapshot) => snapshot.record("r", codec));
    const inBody = () => store.transact((tx) => tx.record("r", codec));
    const first = write("first");
    await turn();
    engine.writes[0]!.finish();
    await first;
    assert.equal(await read(), "first");
    const second = write("second");
    await turn();
    assert.equal(await read(), "first");
    const seen = inBody();
    const third = write("third");
    engine.writes[1]!.finish();
    await second;
    assert.equal(await read(), "second");
    assert.equal(await seen, "second");
    await turn();
    assert.equal(await read(), "second");
    engine.writes[2]!.finish();
    await third;
    assert.equal(await read(), "third");
  });

  void test("tells watchers when it is durable, not before", async () => {
    const engine = new HeldEngine();
    const store = new LocalStore(engine);
    let heard = 0;
    store.watch("a", () => {
      heard += 1;
    });
    const done = store.transact((tx) => tx.put("abc", bytes("1")));
    await turn();
    assert.equal(heard, 0);
    engine.writes[0]!.finish();
    await done;
    await turn();
    assert.equal(heard, 1);
  });
});
