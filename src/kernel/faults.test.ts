import assert from "node:assert/strict";
import test from "node:test";
import { simulatedWorld } from "#world/simulated.ts";
import { Faults, mostFaults, type FaultCall, type FaultRule } from "./faults.ts";

const put: FaultCall = {
  service: "dynamodb",
  operation: "PutItem",
  region: "us-east-1",
  account: "000000000000",
};
const throttled: FaultRule = {
  share: 1,
  latencyMs: 0,
  jitterMs: 0,
  isLate: false,
  effect: { kind: "throttle" },
};

function faultsOf(seed = 1) {
  const { clock, random } = simulatedWorld({ seed });
  return { clock, faults: new Faults(clock, random) };
}

test("a fault strikes the calls that it names and no others", () => {
  const cases: [Partial<FaultRule>, Partial<FaultCall>, boolean][] = [
    [{}, {}, true],
    [{ service: "dynamodb" }, {}, true],
    [{ service: "dynamodb" }, { service: "sts" }, false],
    [{ operation: "PutItem" }, {}, true],
    [{ operation: "Put" }, {}, false],
    [{ operation: "*Item" }, {}, true],
    [{ operation: "Batch*Item" }, { operation: "BatchGetItem" }, true],
    [{ operation: "Batch*" }, {}, false],
    [{ region: "us-east-1" }, {}, true],
    [{ region: "eu-west-1" }, {}, false],
    [{ account: "000000000000" }, {}, true],
    [{ account: "111111111111" }, {}, false],
    [{ isLate: true }, {}, false],
  ];
  for (const [rule, call, isStruck] of cases) {
    const { faults } = faultsOf();
    faults.add({ ...throttled, ...rule });
    const struck = faults.strike({ ...put, ...call }, false) !== undefined;
    assert.equal(struck, isStruck, JSON.stringify([rule, call]));
  }
});

test("a share of the calls is struck, the same ones for the same seed", () => {
  const runs = [7, 7, 8].map((seed) => {
    const { faults } = faultsOf(seed);
    faults.add({ ...throttled, share: 0.1 });
    return Array.from({ length: 2000 }, () => (faults.strike(put, false) ? "x" : ".")).join("");
  });
  assert.equal(runs[0], runs[1]);
  assert.notEqual(runs[0], runs[2]);
  const count = runs[0]!.replaceAll(".", "").length;
  assert.ok(count > 140 && count < 260, `${count} of 2000`);
});

test("delays add up, and the first effect ends it", () => {
  const { faults } = faultsOf();
  const { effect: _, ...plain } = throttled;
  faults.add({ ...plain, latencyMs: 100 });
  faults.add({ ...throttled, latencyMs: 20 });
  faults.add({ ...throttled, effect: { kind: "disconnect" } });
  assert.deepEqual(faults.strike(put, false), { delayMs: 120, effect: { kind: "throttle" } });
  assert.deepEqual(
    faults.list().map(({ strikes }) => strikes),
    [1, 1, 0],
  );
});

test("jitter stays within its bounds", () => {
  const { faults } = faultsOf();
  const { effect: _, ...plain } = throttled;
  faults.add({ ...plain, latencyMs: 100, jitterMs: 30 });
  const delays = Array.from({ length: 500 }, () => faults.strike(put, false)!.delayMs);
  assert.ok(Math.min(...delays) >= 70 && Math.max(...delays) <= 130);
  assert.ok(Math.max(...delays) - Math.min(...delays) > 40);
});

test("a fault ends by its count, by the server's clock, or when it is taken back", () => {
  const { clock, faults } = faultsOf();
  const strike = () => faults.strike(put, false) !== undefined;
  faults.add({ ...throttled, count: 2 });
  assert.deepEqual([strike(), strike(), strike()], [true, true, false]);
  assert.deepEqual(faults.list(), []);
  faults.add({ ...throttled, untilMs: clock.nowMs() + 600_000 });
  assert.equal(strike(), true);
  clock.moveTo(clock.nowMs() + 600_000);
  assert.equal(strike(), false);
  const { id } = faults.add(throttled)!;
  assert.equal(faults.remove(id), true);
  assert.equal(faults.remove(id), false);
  assert.equal(faults.areSet, false);
});

test("a call is held up for elapsed time, or until the faults are taken back", async () => {
  const { clock, faults } = faultsOf();
  const released: string[] = [];
  void faults.holdUp(100).then(() => released.push("in time"));
  void faults.holdUp(1_000_000).then(() => released.push("taken back"));
  await clock.advance(99);
  assert.deepEqual(released, []);
  await clock.advance(1);
  assert.deepEqual(released, ["in time"]);
  faults.clear();
  await clock.settle();
  assert.deepEqual(released, ["in time", "taken back"]);
});

test("there are only so many", () => {
  const { faults } = faultsOf();
  for (let count = 0; count < mostFaults; count += 1) assert.ok(faults.add(throttled));
  assert.equal(faults.add(throttled), undefined);
});
