/**
 * The store on a simulated disk that fails and loses power. All commits are counted in one key, so
 * their order is known, and what a life of the machine leaves behind must be exactly the state after
 * some number of commits: not fewer than anybody was told of, not more than were tried.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seededRandom } from "#world/seeded-random.ts";
import { simulatedWorld } from "#world/simulated.ts";
import type { SimulatedWorld } from "#world/simulated.ts";
import { simulatedStore } from "./open.ts";
import { StoreClosed, StoreFailed } from "./store.ts";
import type { Snapshot, Store } from "./store.ts";

type Writes = readonly (readonly [key: string, value: string | undefined])[];

const keyCount = 40;
const folder = "/data";
const all = { start: "k", end: "l" };

function countIn(view: Snapshot): number {
  return Number(view.get("count")?.toString() ?? 0);
}

function stateOf(view: Snapshot): [string, string][] {
  return Array.from(view.range(all), ({ key, value }) => [key, value.toString()]);
}

/** What was tried and what was told, over all lives of the machine. */
class History {
  /** The writes of each commit, by its number; the tries of lost commits are replaced by later ones. */
  readonly commits: Writes[] = [];
  /** Each commit up to this one was acknowledged, or its effect was shown. */
  told = 0;

  state(count: number): [string, string][] {
    const state = new Map<string, string>();
    for (let number = 1; number <= count; number++) {
      for (const [key, value] of this.commits[number]!) {
        if (value === undefined) state.delete(key);
        else state.set(key, value);
      }
    }
    return [...state].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Checks what a new life finds, and goes on from there. */
  async check(store: Store): Promise<void> {
    const [count, state] = await store.read((view) => [countIn(view), stateOf(view)]);
    assert.ok(count >= this.told, `commit ${this.told} was told of, but only ${count} are there`);
    assert.ok(count < Math.max(1, this.commits.length), "commits that nobody tried");
    assert.deepEqual(state, this.state(count));
    this.commits.length = count + 1;
    this.told = count;
  }
}

/** Clients that write and read until the store lets them down. Resolves when all have stopped. */
async function work(store: Store, history: History, seed: number, turns: number): Promise<void> {
  const random = seededRandom(seed);
  async function write(name: string): Promise<void> {
    const writes = Array.from({ length: 1 + random.below(5) }, () => {
      const value = `${name} ${"v".repeat(random.below(random.below(6) === 0 ? 3000 : 120))}`;
      return [`k${random.below(keyCount)}`, random.below(4) === 0 ? undefined : value] as const;
    });
    const throws = random.below(8) === 0;
    const number = await store.transact((tx) => {
      const count = countIn(tx) + 1;
      assert.deepEqual(stateOf(tx), history.state(count - 1));
      tx.put("count", Buffer.from(String(count)));
      for (const [key, value] of writes) {
        if (value === undefined) tx.delete(key);
        else tx.put(key, Buffer.from(value));
      }
      if (throws) throw new RangeError(String(count - 1));
      history.commits[count] = writes;
      return count;
    });
    history.told = Math.max(history.told, number);
  }
  async function client(name: string): Promise<void> {
    for (let turn = 0; turn < turns; turn++) {
      try {
        if (random.below(4) === 0) {
          const count = await store.read(countIn);
          history.told = Math.max(history.told, count);
        } else {
          await write(`${name} ${turn}`);
        }
      } catch (error) {
        if (error instanceof RangeError) {
          // S3: a refusal, too, tells of what it was decided on.
          history.told = Math.max(history.told, Number(error.message));
          continue;
        }
        if (error instanceof StoreFailed || error instanceof StoreClosed) return;
        throw error;
      }
    }
  }
  await Promise.all(Array.from({ length: 6 }, (_, index) => client(`${seed}.${index}`)));
}

async function open(world: SimulatedWorld): Promise<Store> {
  return simulatedStore({
    world,
    folder,
    segmentBytes: 8192,
    applyBytes: 6000,
    maxPendingBytes: 16_000,
  });
}

/** Opens the store, through as many crashes as it takes. */
async function openSomehow(
  world: SimulatedWorld,
  random: ReturnType<typeof seededRandom>,
): Promise<{ world: SimulatedWorld; store: Store }> {
  for (let machine = world; ; machine = machine.crash()) {
    if (random.below(3) === 0) machine.files.haltAfter(random.below(30));
    try {
      const store = await open(machine);
      machine.files.haltAfter(Infinity);
      // What an open store does by itself may have met its end, too.
      if (machine.hasStopped) continue;
      return { world: machine, store };
    } catch (error) {
      if (!machine.hasStopped) throw error;
    }
  }
}

void describe("The store on a disk that crashes", () => {
  void test("keeps exactly the commits up to one that is not before any it told of", async () => {
    let lost = 0;
    for (let seed = 0; seed < 150; seed++) {
      const random = seededRandom(seed);
      const history = new History();
      let world = simulatedWorld({ seed });
      try {
        for (let life = 0; life < 5; life++) {
          const opened = await openSomehow(world, random);
          world = opened.world;
          const { store } = opened;
          await history.check(store);
          world.files.haltAfter(random.below(160));
          await work(store, history, seed * 10 + life, 12);
          if (random.below(4) === 0) await store.close().catch(() => undefined);
          lost += history.commits.length - 1 - history.told;
          world = world.crash();
        }
        await history.check((await openSomehow(world, random)).store);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    // The test tests: commits on their way are lost or kept as luck will have it.
    assert.ok(lost > 60, `only ${lost} commits were on their way at a crash`);
  });

  void test("takes nothing more after an I/O that failed, and shows nothing then that a crash takes back", async () => {
    let failures = 0;
    for (let seed = 0; seed < 150; seed++) {
      const random = seededRandom(seed);
      const history = new History();
      let world = simulatedWorld({ seed });
      try {
        for (let life = 0; life < 3; life++) {
          let { store } = { store: await open(world) };
          await history.check(store);
          const operation = (["write", "sync", "rename", "open", "read"] as const)[
            random.below(5)
          ]!;
          world.files.fail({ operation, code: "EIO", skip: random.below(60) });
          await work(store, history, seed * 10 + life, 12);
          const closed = await store.close().then(
            () => true,
            () => false,
          );
          world.files.heal();
          if (!closed) failures += 1;
          // The same machine: what it read from its cache may never have reached the disk.
          store = await open(world);
          await history.check(store);
          if (random.below(2) === 0) await work(store, history, seed * 10 + 5 + life, 3);
          world = world.crash();
        }
        await history.check(await open(world));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    assert.ok(failures > 60, `only ${failures} stores failed`);
  });

  void test("repeats a run from its seed", async () => {
    const run = async () => {
      const history = new History();
      const world = simulatedWorld({ seed: 5 });
      const store = await open(world);
      world.files.haltAfter(90);
      await work(store, history, 5, 20);
      const survived = world.crash();
      return (await open(survived)).read(stateOf);
    };
    assert.deepEqual(await run(), await run());
  });
});
