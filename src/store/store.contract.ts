/** What every store does, on whatever engine: each engine's test file runs this. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { endOfPrefix } from "#base/key.ts";
import { StoreClosed, TransactionTooLarge } from "./store.ts";
import type { Codec, KeyRange, Snapshot, Store } from "./store.ts";

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens what it left. Missing: nothing outlives it. */
  reopen?(): Promise<Store>;
}

const bytes = (text: string) => Buffer.from(text);
const codec: Codec<{ name: string }> = {
  encode: (value) => bytes(JSON.stringify(value)),
  decode: (encoded) => ({ name: String(JSON.parse(encoded.toString()).name) }),
};

function valueAt(store: Store, key: string): Promise<string | undefined> {
  return store.read((snapshot) => snapshot.get(key)?.toString());
}

function keysIn(view: Snapshot, range: KeyRange): string[] {
  return Array.from(view.range(range), ({ key }) => key);
}

function shortName(key: string): string {
  return `${key.length} bytes, ...${key.slice(-2)}`;
}

/** The same numbers each time, each below what is asked for. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

export function describeStore(
  name: string,
  open: (t: TestContext) => Promise<StoreUnderTest>,
): void {
  const given = (what: string, run: (under: StoreUnderTest) => Promise<void>) =>
    test(what, async (t) => {
      const under = await open(t);
      await run(under);
    });

  void describe(`The store (${name})`, () => {
    void given("gives back what was put, until it is deleted", async ({ store }) => {
      await store.transact((tx) => tx.put("a", bytes("1")));
      assert.equal(await valueAt(store, "a"), "1");
      await store.transact((tx) => tx.put("a", bytes("2")));
      assert.equal(await valueAt(store, "a"), "2");
      await store.transact((tx) => tx.delete("a"));
      assert.equal(await valueAt(store, "a"), undefined);
      assert.equal(await valueAt(store, "never"), undefined);
    });

    void given("hands out the result of the body", async ({ store }) => {
      assert.equal(await store.transact(() => 42), 42);
      assert.equal(await store.read(() => "x"), "x");
    });

    void given("lets a body read its own writes", async ({ store }) => {
      await store.transact((tx) => tx.put("b", bytes("old")));
      await store.transact((tx) => {
        tx.put("a", bytes("1"));
        tx.put("b", bytes("new"));
        tx.put("c", bytes("3"));
        tx.delete("c");
        assert.equal(tx.get("a")?.toString(), "1");
        assert.equal(tx.get("b")?.toString(), "new");
        assert.equal(tx.get("c"), undefined);
        assert.deepEqual(keysIn(tx, { start: "a", end: "z" }), ["a", "b"]);
        tx.delete("b");
        assert.deepEqual(keysIn(tx, { start: "a", end: "z" }), ["a"]);
      });
      assert.equal(await valueAt(store, "b"), undefined);
    });

    void given(
      "drops all writes of a body that throws, and none of its neighbours'",
      async ({ store }) => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 20 }, (_, index) =>
            store.transact((tx) => {
              tx.put(`key ${index}`, bytes("x"));
              tx.put("last", bytes(String(index)));
              if (index % 3 === 0) throw new Error(`no ${index}`);
              return index;
            }),
          ),
        );
        for (const [index, outcome] of outcomes.entries()) {
          const failed = index % 3 === 0;
          assert.equal(outcome.status, failed ? "rejected" : "fulfilled");
          if (outcome.status === "rejected") assert.equal(outcome.reason.message, `no ${index}`);
          assert.equal(await valueAt(store, `key ${index}`), failed ? undefined : "x");
        }
        assert.equal(await valueAt(store, "last"), "19");
      },
    );

    void given("counts exactly under 64 concurrent incrementers", async ({ store }) => {
      const increment = () =>
        store.transact((tx) => {
          const next = Number(tx.get("n")?.toString() ?? 0) + 1;
          tx.put("n", bytes(String(next)));
          return next;
        });
      const seen = new Set<number>();
      await Promise.all(
        Array.from({ length: 64 }, async () => {
          for (let turn = 0; turn < 5; turn++) seen.add(await increment());
        }),
      );
      assert.equal(seen.size, 320);
      assert.equal(await valueAt(store, "n"), "320");
    });

    void given("keeps what two bodies must agree on (no write skew)", async ({ store }) => {
      await store.transact((tx) => {
        tx.put("on call a", bytes("1"));
        tx.put("on call b", bytes("1"));
      });
      const leave = (who: string) =>
        store.transact((tx) => {
          const others = keysIn(tx, { start: "on call ", end: endOfPrefix("on call ") });
          if (others.length > 1) tx.delete(`on call ${who}`);
        });
      await Promise.all([leave("a"), leave("b")]);
      const left = await store.read((s) => keysIn(s, { start: "on", end: "oo" }));
      assert.equal(left.length, 1);
    });

    void given(
      "walks ranges in byte order, both ways, with bounds and limits",
      async ({ store }) => {
        const keys = [
          "\u0000",
          "a",
          "a\u0000",
          "a\u0000\u00ff",
          "a\u0001",
          "ab",
          "b",
          "\u00fe",
          "\u00ff",
        ];
        await store.transact((tx) => {
          for (const key of keys.toReversed()) tx.put(key, bytes(`v${key}`));
        });
        const check = (range: KeyRange, expected: string[]) =>
          store.read((s) => assert.deepEqual(keysIn(s, range), expected, JSON.stringify(range)));
        await check({ start: "", end: "\u00ff\u00ff" }, keys);
        await check({ start: "", end: "\u00ff\u00ff", reverse: true }, keys.toReversed());
        await check({ start: "a", end: "b" }, ["a", "a\u0000", "a\u0000\u00ff", "a\u0001", "ab"]);
        await check({ start: "a", end: "b", reverse: true, limit: 2 }, ["ab", "a\u0001"]);
        await check({ start: "a\u0000", end: "ab", limit: 2 }, ["a\u0000", "a\u0000\u00ff"]);
        await check({ start: "aa", end: "az", limit: 10 }, ["ab"]);
        await check({ start: "b", end: "a" }, []);
        await check({ start: "a", end: "a" }, []);
        await check({ start: "c", end: "d" }, []);
        await check({ start: "c", end: "d", reverse: true }, []);
        await check({ start: "a", end: "z", limit: 0 }, []);
        await check({ start: "\u00ff", end: "\u00ff\u00ff", reverse: true }, ["\u00ff"]);
      },
    );

    void given("ends a walk early without harm", async ({ store }) => {
      await store.transact((tx) => {
        for (const key of "abcdef") tx.put(key, bytes(key));
      });
      const first = await store.read((snapshot) => {
        for (const { key } of snapshot.range({ start: "b", end: "z" })) return key;
        return undefined;
      });
      assert.equal(first, "b");
      await store.transact((tx) => tx.put("g", bytes("g")));
      assert.deepEqual(await store.read((s) => keysIn(s, { start: "e", end: "z" })), [
        "e",
        "f",
        "g",
      ]);
    });

    void given("shows a walk the writes that are made ahead of it", async ({ store }) => {
      await store.transact((tx) => {
        for (const key of "aceg") tx.put(key, bytes(key));
      });
      const seen = await store.transact((tx) => {
        const keys: string[] = [];
        for (const { key } of tx.range({ start: "a", end: "z" })) {
          keys.push(key);
          if (key === "a") {
            tx.put("b", bytes("b"));
            tx.delete("c");
          }
          if (key === "e") {
            tx.put("d", bytes("behind"));
            tx.delete("g");
            tx.put("h", bytes("h"));
          }
        }
        return keys;
      });
      assert.deepEqual(seen, ["a", "b", "e", "h"]);
    });

    void given("takes keys up to 8 KB in order, among short ones", async ({ store }) => {
      const keys: string[] = [];
      for (const length of [1, 100, 1977, 1978, 1979, 4025, 4026, 4027, 5000, 8192]) {
        keys.push("k".repeat(length));
        if (length < 8192) keys.push("k".repeat(length) + "a", "k".repeat(length) + "z");
      }
      keys.sort();
      await store.transact((tx) => {
        for (const key of keys) tx.put(key, bytes(String(key.length)));
      });
      const check = async () => {
        const all = { start: "k", end: "l" };
        // Short names of long keys, for a report that one can read.
        const same = (found: string[], expected: string[]) =>
          assert.deepEqual(found.map(shortName), expected.map(shortName));
        same(await store.read((s) => keysIn(s, all)), keys);
        same(await store.read((s) => keysIn(s, { ...all, reverse: true })), keys.toReversed());
        for (const [at, key] of keys.entries()) {
          assert.equal(await valueAt(store, key), String(key.length));
          const from = await store.read((s) => keysIn(s, { start: key, end: "l", limit: 2 }));
          same(from, keys.slice(at, at + 2));
          const upTo = await store.read((s) =>
            keysIn(s, { start: "k", end: key, limit: 1, reverse: true }),
          );
          same(upTo, keys.slice(Math.max(0, at - 1), at));
        }
      };
      await check();
      const removed = keys.splice(5, 7);
      await store.transact((tx) => {
        for (const key of removed) tx.delete(key);
      });
      await check();
    });

    void given("takes values from nothing to megabytes", async ({ store }) => {
      const sizes = [0, 1, 4095, 4096, 70_000, 1_048_576, 3_000_000];
      await store.transact((tx) => {
        for (const size of sizes) tx.put(`size ${size}`, Buffer.alloc(size, size % 251));
      });
      for (const size of sizes) {
        const found = await store.read((snapshot) => snapshot.get(`size ${size}`));
        assert.ok(found?.equals(Buffer.alloc(size, size % 251)), `size ${size}`);
      }
      const walked = await store.read((s) =>
        Array.from(s.range({ start: "size", end: "t" }), ({ key, value }) => [key, value.length]),
      );
      assert.deepEqual(
        walked,
        sizes.map((size) => [`size ${size}`, size]).toSorted(([a], [b]) => (a! < b! ? -1 : 1)),
      );
    });

    void given(
      "keeps a value's buffer as it was when the key is written again",
      async ({ store }) => {
        await store.transact((tx) => tx.put("a", bytes("first")));
        const before = await store.read((snapshot) => snapshot.get("a"));
        await store.transact((tx) => tx.put("a", bytes("other")));
        for (let turn = 0; turn < 50; turn++) await valueAt(store, "a");
        assert.equal(before?.toString(), "first");
      },
    );

    void given("refuses keys that are empty or too long", async ({ store }) => {
      await assert.rejects(
        store.transact((tx) => tx.put("", bytes("x"))),
        RangeError,
      );
      await assert.rejects(
        store.transact((tx) => tx.delete("k".repeat(8193))),
        RangeError,
      );
    });

    void given(
      "refuses transactions beyond its bounds, and keeps nothing of them",
      async ({ store }) => {
        const many = store.transact((tx) => {
          for (let index = 0; index <= 10_000; index++) tx.put(`key ${index}`, bytes("x"));
        });
        await assert.rejects(many, TransactionTooLarge);
        const large = store.transact((tx) => {
          for (let index = 0; index < 65; index++)
            tx.put(`key ${index}`, Buffer.alloc(1024 * 1024));
        });
        await assert.rejects(large, TransactionTooLarge);
        const caught = store.transact((tx) => {
          tx.put("kept", bytes("x"));
          assert.throws(() => tx.put("k", Buffer.alloc(65 * 1024 * 1024)), TransactionTooLarge);
        });
        await assert.rejects(caught, TransactionTooLarge);
        assert.deepEqual(await store.read((s) => keysIn(s, { start: "k", end: "l" })), []);
        await store.transact((tx) => {
          for (let index = 0; index < 10_000; index++) tx.put(`key ${index}`, bytes("x"));
        });
        assert.equal((await store.read((s) => keysIn(s, { start: "k", end: "l" }))).length, 10_000);
      },
    );

    void given("decodes a record once, and anew when it was written", async ({ store }) => {
      let decoded = 0;
      const counting: Codec<{ name: string }> = {
        encode: (value) => codec.encode(value),
        decode(encoded) {
          decoded += 1;
          return codec.decode(encoded);
        },
      };
      const read = () => store.read((snapshot) => snapshot.record("r", counting));
      assert.equal(await read(), undefined);
      await store.transact((tx) => {
        tx.putRecord("r", counting, { name: "first" });
        assert.deepEqual(tx.record("r", counting), { name: "first" });
      });
      decoded = 0;
      assert.deepEqual(await read(), { name: "first" });
      assert.equal(await read(), await read());
      assert.ok(decoded <= 1, `decoded ${decoded} times`);
      const [inside] = await Promise.all([
        store.transact((tx) => {
          tx.putRecord("r", counting, { name: "second" });
          return tx.record("r", counting);
        }),
        read(),
      ]);
      await store.transact((tx) => assert.deepEqual(tx.record("r", counting), { name: "second" }));
      assert.deepEqual(inside, { name: "second" });
      assert.deepEqual(await read(), { name: "second" });
      await store.transact((tx) => tx.delete("r"));
      assert.equal(await read(), undefined);
    });

    void given(
      "tells watchers of durable commits under their prefix, until they leave",
      async ({ store }) => {
        const heard: string[] = [];
        const unwatch = store.watch("a/", () => heard.push("a/"));
        store.watch("b/", () => heard.push("b/"));
        await store.transact((tx) => tx.put("a/1", bytes("x")));
        await store.transact((tx) => tx.put("c/1", bytes("x")));
        await store.transact((tx) => tx.delete("b/1"));
        await store.read(() => undefined);
        assert.deepEqual(heard, ["a/", "b/"]);
        unwatch();
        await store.transact((tx) => tx.put("a/2", bytes("x")));
        await store.read(() => undefined);
        assert.deepEqual(heard, ["a/", "b/"]);
      },
    );

    void given(
      "refuses a view outside its body, and a body that is asynchronous",
      async ({ store }) => {
        const escaped = await store.transact((tx) => [tx]);
        assert.throws(() => escaped[0]!.get("a"), /after its body had ended/);
        const asynchronous = store.transact((tx) => {
          tx.put("a", bytes("1"));
          return Promise.resolve(1);
        });
        await assert.rejects(asynchronous, TypeError);
        assert.equal(await valueAt(store, "a"), undefined);
      },
    );

    void given(
      "finishes what was begun when it is closed, and takes no more",
      async ({ store }) => {
        const begun = store.transact((tx) => tx.put("a", bytes("1")));
        await store.close();
        await begun;
        await assert.rejects(
          store.transact(() => 1),
          StoreClosed,
        );
        await assert.rejects(
          store.read(() => 1),
          StoreClosed,
        );
        await store.close();
      },
    );

    void given("agrees with a plain map under random concurrent work", async (under) => {
      let { store } = under;
      const random = sequence(7);
      const model = new Map<string, string>();
      const all = { start: "k", end: "l" };
      const entries = (view: Snapshot, range: KeyRange) =>
        Array.from(view.range(range), ({ key, value }) => [key, value.toString()]);
      for (let round = 0; round < 60; round++) {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 1 + random(8) }, () => {
            const throws = random(5) === 0;
            const steps = Array.from({ length: 1 + random(8) }, () => ({
              key: `k${random(60)}`,
              value: random(3) === 0 ? undefined : `${round} ${"v".repeat(random(300))}`,
            }));
            const part = { start: `k${random(60)}`, end: "l", limit: 1 + random(9) };
            return store.transact((tx) => {
              // Its place in the serial order.
              const serial = Number(tx.get("serial")?.toString() ?? 0) + 1;
              tx.put("serial", bytes(String(serial)));
              for (const { key, value } of steps) {
                if (value === undefined) tx.delete(key);
                else tx.put(key, bytes(value));
              }
              const seen = entries(tx, all);
              assert.deepEqual(entries(tx, { ...all, reverse: true }), seen.toReversed());
              const rest = seen.filter(([key]) => key! >= part.start);
              assert.deepEqual(entries(tx, part), rest.slice(0, part.limit));
              assert.deepEqual(
                entries(tx, { ...part, reverse: true }),
                rest.toReversed().slice(0, part.limit),
              );
              for (const { key } of steps) {
                assert.equal(tx.get(key)?.toString(), seen.find(([at]) => at === key)?.[1]);
              }
              if (throws) throw new RangeError("taken back");
              return { serial, steps };
            });
          }),
        );
        const done = outcomes.flatMap((outcome) => {
          if (outcome.status === "fulfilled") return [outcome.value];
          assert.ok(outcome.reason instanceof RangeError, String(outcome.reason));
          return [];
        });
        for (const { steps } of done.toSorted((a, b) => a.serial - b.serial)) {
          for (const { key, value } of steps) {
            if (value === undefined) model.delete(key);
            else model.set(key, value);
          }
        }
        if (round % 20 === 19 && under.reopen) store = await under.reopen();
        const found = await store.read((snapshot) => entries(snapshot, all));
        assert.deepEqual(
          found,
          [...model].toSorted(([a], [b]) => (a < b ? -1 : 1)),
        );
      }
    });

    void given(
      "lets each call have its effects once, however often its body runs",
      async ({ store }) => {
        await store.transact((tx) => tx.put("n", bytes("0")));
        let effects = 0;
        const counted = { settled: () => (effects += 1) };
        await Promise.all(
          Array.from({ length: 20 }, () =>
            store.transact((tx) => {
              tx.afterwards(counted);
              tx.put("n", bytes(String(Number(tx.get("n")!.toString()) + 1)));
            }),
          ),
        );
        assert.equal(await valueAt(store, "n"), "20");
        assert.equal(effects, 20);
        const failing = (view: Snapshot): never => {
          view.afterwards(counted);
          throw new RangeError(`at ${view.get("n")?.toString()}`);
        };
        await assert.rejects(store.transact(failing), RangeError);
        await assert.rejects(store.read(failing), RangeError);
        assert.equal(effects, 22);
        await store.read((snapshot) => {
          snapshot.afterwards(counted);
          return snapshot.get("n");
        });
        assert.equal(effects, 23);
      },
    );

    void given("gives back after a restart what it took before", async (under) => {
      if (under.reopen === undefined) return;
      await under.store.transact((tx) => {
        tx.put("a", bytes("1"));
        tx.put("k".repeat(6000), bytes("long"));
        tx.put("gone", bytes("x"));
      });
      await under.store.transact((tx) => tx.delete("gone"));
      let store = await under.reopen();
      store = await under.reopen();
      assert.equal(await valueAt(store, "a"), "1");
      assert.equal(await valueAt(store, "k".repeat(6000)), "long");
      assert.equal(await valueAt(store, "gone"), undefined);
    });
  });
}
