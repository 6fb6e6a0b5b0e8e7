import assert from "node:assert/strict";
import test from "node:test";
import { memoryStore, simulatedStore } from "#store/open.ts";
import { simulatedWorld, type SimulatedWorld } from "#world/simulated.ts";
import { ClockOutOfRange, ServerClock, type ClockChange } from "./server-clock.ts";

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 1);

test("each change moves the clock from where the one before left it", async () => {
  const cases: [ClockChange, number, boolean][] = [
    [{ moveMs: 36 * hourMs }, startMs + 36 * hourMs, false],
    [{ moveMs: -2 * hourMs }, startMs + 34 * hourMs, false],
    [{ frozen: true }, startMs + 34 * hourMs, true],
    [{ moveMs: hourMs }, startMs + 35 * hourMs, true],
    [{ setMs: startMs }, startMs, true],
    [{ frozen: false }, startMs, false],
    [{ setMs: startMs + hourMs, frozen: true }, startMs + hourMs, true],
    [{ reset: true }, startMs, false],
  ];
  const { clock } = simulatedWorld({ seed: 1, startMs });
  const serverClock = new ServerClock(clock, memoryStore());
  const changed = await Promise.all(cases.map(([change]) => serverClock.change(change)));
  for (const [index, [change, nowMs, isFrozen]] of cases.entries()) {
    assert.partialDeepStrictEqual(changed[index], { nowMs, isFrozen }, JSON.stringify(change));
  }
});

test("the clock stays in the years that can be written, and a refused move changes nothing", async () => {
  const { clock } = simulatedWorld({ seed: 1, startMs });
  const serverClock = new ServerClock(clock, memoryStore());
  for (const moveMs of [-100 * 365 * 24 * hourMs, 9000 * 365 * 24 * hourMs, Number.NaN]) {
    await assert.rejects(serverClock.change({ moveMs }), ClockOutOfRange);
  }
  assert.equal(clock.nowMs(), startMs);
});

async function open(world: SimulatedWorld): Promise<ServerClock> {
  const serverClock = new ServerClock(
    world.clock,
    await simulatedStore({ world, folder: "/data" }),
  );
  await serverClock.restore();
  return serverClock;
}

test("a crash keeps an answered move, and the time that passed on the machine since", async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    let world = simulatedWorld({ seed, startMs });
    await (await open(world)).change({ moveMs: 36 * hourMs });
    await world.clock.advance(hourMs);
    const movedMs = world.clock.nowMs();
    world = world.crash();
    await open(world);
    assert.equal(world.clock.nowMs(), movedMs);
  }
});

test("a crash keeps a frozen clock where it stands", async () => {
  let world = simulatedWorld({ seed: 1, startMs });
  await (await open(world)).change({ setMs: startMs + 36 * hourMs, frozen: true });
  await world.clock.advance(hourMs);
  world = world.crash();
  const serverClock = await open(world);
  assert.equal(world.clock.nowMs(), startMs + 36 * hourMs);
  assert.equal(world.clock.isFrozen, true);
  await serverClock.change({ reset: true });
  world = world.crash();
  await open(world);
  assert.equal(world.clock.nowMs(), world.clock.machineMs());
});
