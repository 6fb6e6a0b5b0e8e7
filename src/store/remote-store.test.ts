import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LateEngine, LateServer } from "./engines/late.ts";
import { RemoteStore } from "./remote-store.ts";
import { describeStore } from "./store.contract.ts";

/** Answers travel for a turn of the event loop. */
const travel = () => new Promise<void>((resolve) => setImmediate(resolve));
const bytes = (text: string) => Buffer.from(text);

describeStore("on a remote engine that answers late", () => {
  const server = new LateServer(travel);
  let store = new RemoteStore(new LateEngine(server));
  return Promise.resolve({
    store,
    async reopen() {
      await store.close();
      store = new RemoteStore(new LateEngine(server));
      return store;
    },
  });
});

void describe("The store on a remote engine", () => {
  void test("runs a body with three dependent reads three times more", async () => {
    const server = new LateServer(travel);
    const store = new RemoteStore(new LateEngine(server));
    await store.transact((tx) => {
      tx.put("a", bytes("b"));
      tx.put("b", bytes("c"));
      tx.put("c", bytes("end"));
    });
    let runs = 0;
    const found = await store.transact((tx) => {
      runs += 1;
      let key = "a";
      while (key !== "end") key = tx.get(key)!.toString();
      return runs;
    });
    assert.equal(found, 4);
    assert.equal(server.fetches, 3);
  });

  void test("counts exactly when two processes increment at once", async () => {
    const server = new LateServer(travel);
    const stores = [
      new RemoteStore(new LateEngine(server)),
      new RemoteStore(new LateEngine(server)),
    ];
    await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        stores[index % 2]!.transact((tx) => {
          tx.put("n", bytes(String(Number(tx.get("n")?.toString() ?? 0) + 1)));
        }),
      ),
    );
    assert.equal(await stores[0]!.read((s) => s.get("n")?.toString()), "64");
    assert.ok(server.conflicts > 0);
  });

  void test("sees no phantom: a range that another process fills is read again", async () => {
    const server = new LateServer(travel);
    const [one, two] = [
      new RemoteStore(new LateEngine(server)),
      new RemoteStore(new LateEngine(server)),
    ];
    const claim = (store: RemoteStore, name: string) =>
      store.transact((tx) => {
        const taken = [...tx.range({ start: "seat/", end: "seat0" })].length;
        if (taken > 0) throw new Error("taken");
        tx.put(`seat/${name}`, bytes(name));
      });
    const outcomes = await Promise.allSettled([claim(one, "a"), claim(two, "b"), claim(one, "c")]);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  });

  void test("shows each attempt one moment, whatever others commit meanwhile", async () => {
    const server = new LateServer(travel);
    const [one, two] = [
      new RemoteStore(new LateEngine(server)),
      new RemoteStore(new LateEngine(server)),
    ];
    const set = (value: number) =>
      two.transact((tx) => {
        tx.put("x", bytes(String(value)));
        tx.put("y", bytes(String(value)));
      });
    await set(0);
    const setting = (async () => {
      for (let value = 1; value < 50; value++) await set(value);
    })();
    for (let turn = 0; turn < 50; turn++) {
      const [x, y] = await one.read((s) => [s.get("x")?.toString(), s.get("y")?.toString()]);
      assert.equal(x, y);
    }
    await setting;
  });

  void test("does not keep a record that another process has changed", async () => {
    const server = new LateServer(travel);
    const [one, two] = [
      new RemoteStore(new LateEngine(server)),
      new RemoteStore(new LateEngine(server)),
    ];
    const codec = { encode: (value: string) => bytes(value), decode: String };
    const read = () => one.read((s) => s.record("r", codec));
    await two.transact((tx) => tx.putRecord("r", codec, "first"));
    assert.equal(await read(), "first");
    await two.transact((tx) => tx.putRecord("r", codec, "second"));
    assert.equal(await read(), "second");
  });
});
