import assert from "node:assert/strict";
import test from "node:test";
import { tuple } from "#base/tuple.ts";
import { memoryStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { scheduleJob, unscheduleJob, JobWorker, type ClaimedJob } from "./jobs.ts";
import { silentLog } from "./log.ts";

const owner = { service: "test", account: "000000000000", region: "us-east-1" };
const result = tuple("result");

function setUp(run: (job: ClaimedJob, store: Store) => Promise<void>, seed = 1) {
  const world = simulatedWorld({ seed });
  const store = memoryStore();
  const runs: string[] = [];
  const worker = (): JobWorker =>
    new JobWorker({
      world,
      store,
      log: silentLog,
      run: async (job) => {
        runs.push(`${job.record.key}@${world.clock.nowMs() - startMs}#${job.record.attempt}`);
        await run(job, store);
      },
    });
  const startMs = world.clock.nowMs();
  const schedule = (key: string, afterMs: number): Promise<void> =>
    store.transact((tx) => scheduleJob(tx, owner, { at: startMs + afterMs, job: "work", key }));
  return { world, store, runs, worker, schedule };
}

const finish = (job: ClaimedJob, store: Store): Promise<void> =>
  store.transact((tx) => {
    job.complete(tx);
    tx.put(result, Buffer.from("done"));
  });

test("a job runs when its time has come, and not before", async () => {
  const { world, runs, worker, schedule } = setUp(finish);
  await worker().start();
  await schedule("later", 1_000);
  await schedule("now", 0);
  await world.clock.settle();
  assert.deepEqual(runs, ["now@0#1"]);
  await world.clock.advance(999);
  assert.deepEqual(runs, ["now@0#1"]);
  await world.clock.advance(1);
  assert.deepEqual(runs, ["now@0#1", "later@1000#1"]);
});

test("a clock moved far ahead makes every job in between due", async () => {
  const { world, runs, worker, schedule } = setUp(finish);
  await worker().start();
  for (let day = 1; day <= 300; day++) await schedule(`day ${day}`, day * 86_400_000);
  world.clock.moveTo(world.clock.nowMs() + 300 * 86_400_000);
  await world.clock.settle();
  assert.equal(runs.length, 300);
});

test("a job's result is stored in the transaction that completes it", async () => {
  const { world, store, worker, schedule } = setUp(finish);
  await schedule("once", 0);
  await worker().start();
  await world.clock.settle();
  const keys = await store.read((snapshot) => [...snapshot.range({ start: "", end: "\u00ff" })]);
  assert.deepEqual(
    keys.map((entry) => entry.key),
    [result],
  );
});

test("a failing job runs again, later each time, until it succeeds", async () => {
  let failures = 3;
  const { world, runs, worker, schedule } = setUp(async (job, store) => {
    failures -= 1;
    if (failures >= 0) throw new Error("not yet");
    await finish(job, store);
  });
  await schedule("stubborn", 0);
  await worker().start();
  await world.clock.advance(10_000);
  assert.deepEqual(runs, ["stubborn@0#1", "stubborn@100#2", "stubborn@300#3", "stubborn@700#4"]);
});

test("what a dead process had claimed runs again as soon as the store is opened", async () => {
  const dead: (() => void)[] = [];
  const { world, runs, worker, schedule } = setUp(async (job, store) => {
    if (job.record.attempt === 1) await new Promise<void>((resolve) => dead.push(resolve));
    else await finish(job, store);
  });
  await schedule("orphan", 0);
  const forerunner = worker();
  await forerunner.start();
  await world.clock.settle();
  assert.deepEqual(runs, ["orphan@0#1"]);
  void forerunner.stop(); // it claims no more, and its run never ends: as good as dead
  await worker().start();
  await world.clock.settle();
  assert.equal(runs[1], "orphan@0#2");
});

test("a long job keeps its lease, and nobody else runs it", async () => {
  let end = (): void => undefined;
  const { world, runs, worker, schedule } = setUp(async (job, store) => {
    await new Promise<void>((resolve) => (end = resolve));
    await finish(job, store);
  });
  await schedule("long", 0);
  await worker().start();
  await world.clock.advance(600_000);
  assert.deepEqual(runs, ["long@0#1"]);
  end();
  await world.clock.advance(600_000);
  assert.deepEqual(runs, ["long@0#1"]);
});

test("a job that is scheduled anew while it runs cannot complete its first run, and runs again", async () => {
  const ends: (() => void)[] = [];
  const { world, runs, store, worker, schedule } = setUp(async (job, store) => {
    if (ends.length === 0) await new Promise<void>((resolve) => ends.push(resolve));
    await finish(job, store);
  });
  await schedule("twice", 0);
  await worker().start();
  await world.clock.settle();
  await schedule("twice", 50);
  ends[0]?.();
  await world.clock.settle();
  assert.equal(await store.read((snapshot) => snapshot.get(result)), undefined);
  await world.clock.advance(1_000);
  assert.equal(runs.length, 2);
  assert.equal(String(await store.read((snapshot) => snapshot.get(result))), "done");
});

test("what is scheduled anew while it runs follows at once, on a clock that is frozen too, and holds up nobody", async () => {
  let release = (): void => undefined;
  let isFirst = true;
  const { world, runs, worker, schedule } = setUp(async (job, store) => {
    if (job.record.key === "long" && isFirst) {
      isFirst = false;
      await new Promise<void>((resolve) => (release = resolve));
      return;
    }
    await finish(job, store);
  });
  await worker().start();
  await schedule("long", 0);
  await world.clock.settle();
  await schedule("long", 0);
  await schedule("other", 1_000);
  await world.clock.advance(1_000);
  world.clock.freeze();
  assert.deepEqual(runs, ["long@0#1", "other@1000#1"]);
  release();
  await world.clock.settle();
  assert.deepEqual(runs, ["long@0#1", "other@1000#1", "long@1000#1"]);
});

test("a job that was taken back never runs", async () => {
  const { world, runs, store, worker, schedule } = setUp(finish);
  await worker().start();
  await schedule("unwanted", 500);
  await store.transact((tx) => unscheduleJob(tx, owner, "work", "unwanted"));
  await world.clock.advance(1_000);
  assert.deepEqual(runs, []);
});

test("a thousand jobs that are due at once all run once", async () => {
  const { world, runs, worker, schedule } = setUp(finish);
  for (let at = 0; at < 1_000; at++) await schedule(`job ${at}`, 10);
  await worker().start();
  await world.clock.advance(10);
  assert.equal(new Set(runs).size, 1_000);
  assert.equal(runs.length, 1_000);
});
