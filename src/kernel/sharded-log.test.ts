import assert from "node:assert/strict";
import test from "node:test";
import { tuple } from "#base/tuple.ts";
import { memoryStore } from "#store/open.ts";
import type { Store, Transaction } from "#store/store.ts";
import { seededRandom } from "#world/seeded-random.ts";
import {
  entriesOf,
  type LogEntry,
  LogWriter,
  logAt,
  newEntry,
  entryHeaderBytes,
  nextSequenceOf,
  oldestEntryMs,
  openLog,
  sequenceAtTime,
  shardsOf,
  type SplitRule,
  trimLog,
} from "./sharded-log.ts";
import { firstUntrimmed, type LogShard } from "./log-shards.ts";

const log = logAt(tuple("test", "log"));

function entryOf(text: string): Buffer {
  const entry = newEntry(text.length);
  entry.write(text, entryHeaderBytes, "latin1");
  return entry;
}

async function newLog(): Promise<Store> {
  const store = memoryStore();
  await store.transact((tx) => openLog(tx, log, 0));
  return store;
}

function append(
  tx: Transaction,
  entries: readonly (readonly [hash: number, text: string])[],
  nowMs: number,
  split?: SplitRule,
): number[] {
  const writer = new LogWriter(tx, log, split);
  const sequences = entries.map(([hash, text]) => writer.append(hash, entryOf(text), nowMs));
  writer.finish();
  return sequences;
}

function readAll(store: Store, shardId = 0): Promise<LogEntry[]> {
  return store.read((snapshot) => [...entriesOf(snapshot, log, shardId, 0, 1_000_000)]);
}

const texts = (entries: readonly LogEntry[]): string[] =>
  entries.map((entry) => entry.value.toString("latin1"));

/** Parents to their end before their children, as consumers read. */
async function replay(store: Store): Promise<string[]> {
  const shards = await store.read((snapshot) => shardsOf(snapshot, log));
  const read: string[] = [];
  const visit = async (shard: LogShard): Promise<void> => {
    read.push(...texts(await readAll(store, shard.id)));
    for (const child of shards.filter(({ parentId }) => parentId === shard.id)) await visit(child);
  };
  const ids = new Set(shards.map(({ id }) => id));
  for (const root of shards.filter(
    ({ parentId }) => parentId === undefined || !ids.has(parentId),
  )) {
    await visit(root);
  }
  return read;
}

test("L1: what a transaction appended is there when it committed and is not when it threw", async () => {
  const store = await newLog();
  await store.transact((tx) => append(tx, [[7, "one"]], 1));
  await assert.rejects(
    store.transact((tx) => {
      append(tx, [[7, "never"]], 2);
      throw new Error("no");
    }),
  );
  await store.transact((tx) => append(tx, [[7, "two"]], 3));
  assert.deepEqual(texts(await readAll(store)), ["one", "two"]);
});

test("L2: sequence numbers grow over transactions, shards and trims", async () => {
  const store = await newLog();
  const split = { entries: 2, windowMs: 1_000, openShardsAtMost: 4 };
  const given: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const sequences = await store.transact((tx) => {
      if (round === 10) assert(trimLog(tx, log, 1_000_000));
      return append(
        tx,
        [
          [round * 2 ** 27, "a"],
          [2 ** 32 - 1, "b"],
        ],
        round,
        split,
      );
    });
    given.push(...sequences);
  }
  assert.deepEqual(
    given,
    [...new Set(given)].toSorted((left, right) => left - right),
  );
});

test("L3: a shard that gets too many entries is split, and its children share its hashes", async () => {
  const store = await newLog();
  const split = { entries: 3, windowMs: 1_000, openShardsAtMost: 10 };
  await store.transact((tx) =>
    append(
      tx,
      [1, 2, 3, 4].map((count) => [2 ** 31 + count, `${count}`] as const),
      5,
      split,
    ),
  );
  const [parent, low, high] = await store.read((snapshot) => shardsOf(snapshot, log));
  assert.deepEqual(parent?.closed, { atMs: 5, lastSequence: 4 });
  assert.deepEqual(low?.hashes, { from: 0, to: 2 ** 31 });
  assert.deepEqual(high?.hashes, { from: 2 ** 31, to: 2 ** 32 });
  assert.deepEqual([low?.parentId, high?.parentId, low?.firstSequence], [0, 0, 5]);
  assert.deepEqual(texts(await readAll(store, 0)), ["1", "2", "3"]);
  assert.deepEqual(texts(await readAll(store, 2)), ["4"]);
});

test("a shard is split by its load in a window, not by the load of all time", async () => {
  const store = await newLog();
  const split = { entries: 3, windowMs: 1_000, openShardsAtMost: 10 };
  for (let at = 0; at < 20; at += 1) {
    await store.transact((tx) => append(tx, [[1, "x"]], at * 400, split));
  }
  assert.equal((await store.read((snapshot) => shardsOf(snapshot, log))).length, 1);
});

test("L3: each hash's entries come in order when parents are read before their children", async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = seededRandom(seed);
    const store = await newLog();
    const split = { entries: 1 + random.below(10), windowMs: 50, openShardsAtMost: 8 };
    const hashes = Array.from({ length: 6 }, () => random.below(2 ** 32));
    const expected = new Map<number, number[]>(hashes.map((hash) => [hash, []]));
    for (let at = 0; at < 100; at += 1) {
      const hash = hashes[random.below(hashes.length)]!;
      expected.get(hash)!.push(at);
      await store.transact((tx) => {
        if (random.chance(0.1)) {
          const roller = new LogWriter(tx, log);
          roller.rollShards(at - 20, at);
          roller.finish();
        }
        append(tx, [[hash, `${hash} ${at}`]], at, split);
      });
    }
    const read = (await replay(store)).map((text) => text.split(" ").map(Number));
    for (const [hash, times] of expected) {
      assert.deepEqual(
        read.filter(([of]) => of === hash).map(([, at]) => at),
        times,
        `seed ${seed}`,
      );
    }
  }
});

test("L4: an entry after a clock that was set back has the time of the one before", async () => {
  const store = await newLog();
  await store.transact((tx) => append(tx, [[1, "a"]], 100));
  await store.transact((tx) => append(tx, [[1, "b"]], 50));
  await store.transact((tx) => append(tx, [[1, "c"]], 120));
  assert.deepEqual(
    (await readAll(store)).map((entry) => entry.atMs),
    [100, 100, 120],
  );
});

test("L5, L6: trimming goes by age in bounded steps and leaves a trace in the shard", async () => {
  const store = await newLog();
  for (let at = 1; at <= 30; at += 1) {
    await store.transact((tx) => append(tx, [[1, `${at}`]], at));
  }
  const limits = { entries: 8, bytes: 1_000 };
  const isDone: boolean[] = [];
  for (let step = 0; step < 3; step += 1) {
    isDone.push(await store.transact((tx) => trimLog(tx, log, 20, limits)));
  }
  assert.deepEqual(isDone, [false, false, true]);
  assert.equal(texts(await readAll(store))[0], "21");
  const [shard] = await store.read((snapshot) => shardsOf(snapshot, log));
  assert.equal(shard?.trimmedThrough, 20);
  assert.equal(firstUntrimmed(shard), 21);
  assert.equal(await store.read((snapshot) => oldestEntryMs(snapshot, log)), 21);
});

test("a step of trimming ends with its bytes as well", async () => {
  const store = await newLog();
  const big = "x".repeat(400);
  await store.transact((tx) =>
    append(
      tx,
      [1, 2, 3, 4].map(() => [1, big] as const),
      1,
    ),
  );
  const limits = { entries: 100, bytes: 700 };
  assert.equal(await store.transact((tx) => trimLog(tx, log, 9, limits)), false);
  assert.equal((await readAll(store)).length, 2);
});

test("L5: closed shards are forgotten once they are empty and old enough, open ones never", async () => {
  const store = await newLog();
  await store.transact((tx) => append(tx, [[1, "a"]], 10));
  const roll = (nowMs: number): Promise<void> =>
    store.transact((tx) => {
      const writer = new LogWriter(tx, log);
      writer.rollShards(nowMs, nowMs);
      writer.finish();
    });
  await roll(20);
  const idsAfterTrim = (throughMs: number): Promise<number[]> =>
    store.transact((tx) => {
      trimLog(tx, log, throughMs);
      return shardsOf(tx, log).map(({ id }) => id);
    });
  assert.deepEqual(await idsAfterTrim(15), [0, 1]);
  assert.deepEqual(await idsAfterTrim(20), [1]);
  assert.deepEqual(await idsAfterTrim(1_000), [1]);
});

test("a closed log can be read but not appended to", async () => {
  const store = await newLog();
  await store.transact((tx) => append(tx, [[1, "a"]], 10));
  await store.transact((tx) => {
    const writer = new LogWriter(tx, log);
    writer.close(20);
    writer.finish();
  });
  assert.deepEqual(texts(await readAll(store)), ["a"]);
  await assert.rejects(
    store.transact((tx) => append(tx, [[1, "b"]], 30)),
    /closed/,
  );
});

test("an entry is found by time, also among trimmed ones and after the last", async () => {
  const store = await newLog();
  for (let at = 1; at <= 50; at += 1) {
    await store.transact((tx) => append(tx, [[1, "x"]], at * 10));
  }
  await store.transact((tx) => trimLog(tx, log, 100));
  const find = (atMs: number): Promise<number> =>
    store.read((snapshot) => sequenceAtTime(snapshot, log, shardsOf(snapshot, log)[0]!, atMs));
  assert.equal(await find(0), 11);
  assert.equal(await find(300), 30);
  assert.equal(await find(301), 31);
  assert.equal(await find(501), await store.read((snapshot) => nextSequenceOf(snapshot, log)));
});
