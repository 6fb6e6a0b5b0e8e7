import assert from "node:assert/strict";
import test from "node:test";
import { memoryStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import { simulatedWorld, type SimulatedWorld } from "#world/simulated.ts";
import { type Datapoint, newDatapoint, percentile } from "./datapoint.ts";
import { Kernel } from "./kernel.ts";
import { silentLog } from "./log.ts";
import { compactMeasurements } from "./measurement-store.ts";
import type { SeriesName } from "./measurements.ts";

const name: SeriesName = {
  account: "000000000000",
  region: "us-east-1",
  namespace: "AWS/DynamoDB",
  metric: "ConsumedReadCapacityUnits",
  dimensions: { TableName: "Music", GlobalSecondaryIndexName: "by-year" },
};
const always = { startMs: 0, endMs: 1e14 };
const minuteMs = 60_000;
const dayMs = 86_400_000;

interface Machine {
  readonly world: SimulatedWorld;
  readonly store: Store;
  readonly kernel: Kernel;
}

async function setUp(world = simulatedWorld({ seed: 1 }), store = memoryStore()): Promise<Machine> {
  const kernel = new Kernel({ world, store, services: [], log: silentLog });
  await kernel.start();
  return { world, store, kernel };
}

const read = ({ kernel }: Machine, of = name): Promise<Datapoint[]> =>
  kernel.measurements.read(of, always);
const sums = (points: readonly Datapoint[]): number[] => points.map(({ sum }) => sum);

test("a minute's values are one point, read while it runs and after it was stored", async () => {
  const machine = await setUp();
  const { kernel, world } = machine;
  const series = kernel.measurements.series(name);
  for (const value of [1, 2.5, 0.5]) series.add(value);
  const [running] = await read(machine);
  assert(running);
  assert.deepEqual(
    [running.sum, running.count, running.minimum, running.maximum, running.periodMs],
    [4, 3, 0.5, 2.5, minuteMs],
  );
  assert.equal(running.startMs % minuteMs, 0);
  await world.clock.advance(minuteMs + 1);
  assert.deepEqual(await read(machine), [running]);
  series.add(8);
  await world.clock.advance(5 * minuteMs);
  series.add(16);
  assert.deepEqual(sums(await read(machine)), [4, 8, 16]);
});

test("a graceful stop keeps the running minute, and the next process goes on with it", async () => {
  const first = await setUp();
  first.kernel.measurements.series(name).add(1);
  await first.kernel.stop();
  const second = await setUp(first.world, first.store);
  second.kernel.measurements.series(name).add(2);
  await second.world.clock.advance(minuteMs);
  assert.deepEqual(sums(await read(second)), [3]);
});

test("a kill loses the running minute alone", async () => {
  const first = await setUp();
  first.kernel.measurements.series(name).add(1);
  await first.world.clock.advance(minuteMs + 1);
  first.kernel.measurements.series(name).add(2);
  const second = await setUp(first.world, first.store);
  assert.deepEqual(sums(await read(second)), [1]);
});

test("a clock that jumps ends the minute, also backwards", async () => {
  const machine = await setUp();
  const { kernel, world } = machine;
  const series = kernel.measurements.series(name);
  const startMs = world.clock.nowMs();
  series.add(1);
  world.clock.moveTo(startMs + 30 * dayMs);
  series.add(2);
  world.clock.moveTo(startMs);
  series.add(4);
  await world.clock.advance(2 * minuteMs);
  assert.deepEqual(sums(await read(machine)), [5, 2]);
  // Nothing of it is in memory any more.
  assert.deepEqual(sums(await read(await setUp(world, machine.store))), [5, 2]);
});

test("two objects of one name add up", async () => {
  const machine = await setUp();
  const { kernel, world } = machine;
  const early = kernel.measurements.series(name);
  await world.clock.advance(minuteMs);
  const late = kernel.measurements.series(name);
  late.add(1);
  early.add(2);
  const total = (points: readonly Datapoint[]): number =>
    sums(points).reduce((sum, one) => sum + one, 0);
  assert.equal(total(await read(machine)), 3);
  await world.clock.advance(minuteMs);
  assert.deepEqual(sums(await read(machine)), [3]);
});

test("series are listed by tenant, namespace and metric", async () => {
  const { kernel, world } = await setUp();
  const other = { ...name, metric: "UserErrors", dimensions: {} };
  const foreign = { ...name, account: "111111111111" };
  for (const one of [name, other, foreign]) kernel.measurements.series(one).add(1);
  const list = (filter: object): Promise<SeriesName[]> =>
    kernel.measurements.list({ account: name.account, region: name.region, ...filter });
  assert.deepEqual(await list({}), [name, other]);
  await world.clock.advance(minuteMs);
  assert.deepEqual(await list({}), [name, other]);
  assert.deepEqual(await list({ metric: "UserErrors" }), [other]);
  assert.deepEqual(await list({ namespace: "AWS/SQS" }), []);
});

test("old points become coarser, and the oldest are forgotten with their series", async () => {
  const machine = await setUp();
  const { kernel, world } = machine;
  const series = kernel.measurements.series(name);
  const hour = 3_600_000;
  world.clock.moveTo(Math.ceil(world.clock.nowMs() / hour) * hour);
  for (let minute = 0; minute < 20; minute++) {
    series.add(minute);
    await world.clock.advance(minuteMs);
  }
  const periods = async (): Promise<number[][]> =>
    (await read(machine)).map(({ periodMs, sum }) => [periodMs / minuteMs, sum]);
  assert.equal((await periods()).length, 20);
  await world.clock.advance(17 * dayMs);
  assert.deepEqual(await periods(), [
    [5, 10],
    [5, 35],
    [5, 60],
    [5, 85],
  ]);
  await world.clock.advance(50 * dayMs);
  assert.deepEqual(await periods(), [[60, 190]]);
  await world.clock.advance(400 * dayMs);
  assert.deepEqual(await periods(), []);
  const { account, region } = name;
  assert.deepEqual(await kernel.measurements.list({ account, region }), []);
});

test("percentiles are right within five percent, zeros and large values included", async () => {
  const machine = await setUp();
  const series = machine.kernel.measurements.series(name);
  for (let value = 0; value <= 1_000; value++) series.add(value * value);
  const [point] = await read(machine);
  for (const percentage of [1, 10, 50, 90, 99, 99.9, 100]) {
    const exact = (percentage * 10) ** 2;
    const found = percentile(point!, percentage)!;
    assert(Math.abs(found - exact) <= exact * 0.06, `p${percentage}: ${found}, not ${exact}`);
  }
  assert.equal(percentile(point!, 0), 0);
});

test("a reset forgets what was counted", async () => {
  const machine = await setUp();
  machine.kernel.measurements.series(name).add(1);
  await machine.world.clock.advance(minuteMs);
  machine.kernel.measurements.series(name).add(1);
  await machine.kernel.reset();
  assert.deepEqual(await read(machine), []);
});

test("points that are put stand beside what is counted, each unit's by themselves", async () => {
  const machine = await setUp();
  const { kernel, world } = machine;
  const metric = { ...name, namespace: "Shop", metric: "latency" };
  const nowMs = world.clock.nowMs();
  const startMs = nowMs - (nowMs % minuteMs);
  const put = (unit: string | undefined, value: number): Promise<void> => {
    const point = newDatapoint(startMs, minuteMs);
    Object.assign(point, { sum: value, count: 1, minimum: value, maximum: value });
    return machine.store.transact((tx) =>
      kernel.measurements.put(tx, [{ name: { ...metric, unit }, points: [point] }]),
    );
  };
  for (const unit of ["Seconds", undefined, "Seconds"]) await put(unit, 2);
  kernel.measurements.series(metric).add(5);
  const units = async (of: Machine): Promise<[string | undefined, number[]][]> =>
    (await of.kernel.measurements.readUnits(metric, always)).map(({ unit, points }) => [
      unit,
      sums(points),
    ]);
  assert.deepEqual(await units(machine), [
    [undefined, [2, 5]],
    ["Seconds", [4]],
  ]);
  await kernel.stop();
  const again = await setUp(world, machine.store);
  assert.deepEqual(await units(again), [
    [undefined, [7]],
    ["Seconds", [4]],
  ]);
  // A metric whose name begins like another's is another metric.
  assert.deepEqual(
    await again.kernel.measurements.readUnits({ ...metric, metric: "late" }, always),
    [],
  );
});

test("points of a second become points of a minute after three hours", async () => {
  const { kernel, store, world } = await setUp();
  const startMs = Math.floor(world.clock.nowMs() / minuteMs) * minuteMs;
  const points = [0, 1, 2].map((second) => {
    const point = newDatapoint(startMs + second * 1000, 1000);
    return Object.assign(point, { sum: 1, count: 1, minimum: 1, maximum: 1 });
  });
  await store.transact((tx) => kernel.measurements.put(tx, [{ name, points }]));
  assert.deepEqual(sums(await kernel.measurements.read(name, always)), [1, 1, 1]);
  await compactMeasurements(store, startMs + 4 * 3_600_000);
  const [whole, ...more] = await kernel.measurements.read(name, always);
  assert.deepEqual(more, []);
  assert.deepEqual([whole?.sum, whole?.periodMs, whole?.startMs], [3, minuteMs, startMs]);
});
