import assert from "node:assert/strict";
import test from "node:test";
import { simulatedStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import type { SeededRandom } from "#world/seeded-random.ts";
import { simulatedWorld, type SimulatedWorld } from "#world/simulated.ts";
import { DiskPlace } from "./disk-place.ts";
import { SnapshotProblem } from "./place.ts";

const names = ["one", "two", "three"];
const keys = Array.from({ length: 40 }, (_, index) => `key-${String(index).padStart(2, "0")}`);

/** What is in a store: all keys have the stamp of the transaction that wrote them last. */
type Content = ReadonlyMap<string, string>;

/** What may be the case: the state, and the snapshots by name. After a crash in the middle of something, either. */
interface Possible {
  readonly state: Content;
  readonly snapshots: ReadonlyMap<string, Content>;
}

function placeIn(world: SimulatedWorld): DiskPlace {
  return new DiskPlace({
    files: world.files,
    dataFolder: "/data",
    holder: "a test",
    openStore: (folder) => simulatedStore({ world, folder }),
  });
}

function contentOf(store: Store): Promise<Content> {
  return store.read((snapshot) => {
    const range = snapshot.range({ start: "", end: "\u00fe" });
    return new Map([...range].map(({ key, value }) => [key, value.toString()]));
  });
}

async function write(store: Store, stamp: string, some: readonly string[]): Promise<void> {
  await store.transact((tx) => {
    for (const key of some) tx.put(key, Buffer.from(stamp.padEnd(200)));
  });
}

function written(content: Content, stamp: string, some: readonly string[]): Content {
  const sorted = [...content, ...some.map((key) => [key, stamp.padEnd(200)] as const)];
  return new Map(sorted.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** A machine that may stop at any of its disk's operations, and what must be on its disk. */
class Run {
  world: SimulatedWorld;
  readonly random: SeededRandom;
  place: DiskPlace;
  store: Store | undefined;
  now: Possible = { state: new Map(), snapshots: new Map() };

  constructor(seed: number) {
    this.world = simulatedWorld({ seed });
    this.random = this.world.random;
    this.place = placeIn(this.world);
  }

  async open(): Promise<void> {
    this.store = await this.drive(this.place.open());
  }

  /** Does something; if the machine stops meanwhile, it starts again, and one of both must be the case. */
  async step(act: () => Promise<void>, after: Possible): Promise<void> {
    try {
      await this.drive(act());
      if (!this.world.hasStopped) {
        this.now = after;
        return;
      }
    } catch (error) {
      if (!this.world.hasStopped) throw error;
    }
    await this.startAgain([this.now, after]);
  }

  async startAgain(possible: readonly Possible[]): Promise<void> {
    do {
      this.world = this.world.crash();
      this.world.files.haltAfter(this.random.chance(0.5) ? this.random.below(60) : Infinity);
      this.place = placeIn(this.world);
      await this.open().catch((error: unknown) => {
        if (!this.world.hasStopped) throw error;
      });
    } while (this.world.hasStopped);
    this.world.files.haltAfter(Infinity);
    const state = await contentOf(this.store!);
    const listed = (await this.place.list()).map(({ name }) => name);
    const found = possible.find((each) => {
      const itsNames = [...each.snapshots.keys()].sort();
      return isEqual(each.state, state) && isEqual(itsNames, listed);
    });
    assert.ok(found, `after a crash the state is neither: ${JSON.stringify(listed)}`);
    this.now = found;
    assert.deepEqual(
      (await this.world.files.list("/data")).filter((name) =>
        /partial|staged|replaced|swap/.test(name),
      ),
      [],
    );
  }

  async load(name: string): Promise<void> {
    const staged = await this.place.stage(name);
    await this.store!.close();
    await staged.install();
    this.store = await this.place.open();
  }

  async drive<T>(work: Promise<T>): Promise<T> {
    const progress = { isDone: false };
    const ended = work.finally(() => (progress.isDone = true));
    // Whoever asked for the work looks at its failure below.
    ended.catch(() => undefined);
    while (!progress.isDone) await this.world.clock.advance(5);
    return ended;
  }
}

function isEqual(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}

function without<V>(map: ReadonlyMap<string, V>, name: string): Map<string, V> {
  return new Map([...map].filter(([key]) => key !== name));
}

test("whatever the machine dies at, snapshots and state are whole: the ones before or the ones after", async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const run = new Run(seed);
    const { random } = run;
    await run.open();
    for (let count = 0; count < 14; count += 1) {
      if (random.chance(0.4)) run.world.files.haltAfter(random.below(80));
      const { state, snapshots } = run.now;
      const name = names[random.below(names.length)]!;
      const kind = random.below(4);
      if (kind === 0 && !snapshots.has(name)) {
        const facts = { name, savedAt: "", machineTime: "", version: "" };
        const after = new Map(snapshots).set(name, state);
        await run.step(async () => void (await run.place.save(run.store!, facts)), {
          state,
          snapshots: after,
        });
      } else if (kind === 1 && snapshots.has(name)) {
        await run.step(() => run.load(name), { state: snapshots.get(name)!, snapshots });
      } else if (kind === 2 && snapshots.has(name)) {
        const after = without(snapshots, name);
        await run.step(() => run.place.delete(name), { state, snapshots: after });
      } else {
        const some = keys.filter(() => random.chance(0.4));
        const stamp = `${seed}-${count}`;
        const after = written(state, stamp, some);
        await run.step(() => write(run.store!, stamp, some), { state: after, snapshots });
      }
      if (!run.world.hasStopped) run.world.files.haltAfter(Infinity);
    }
    for (const [name, content] of run.now.snapshots) {
      await run.drive(run.load(name));
      assert.deepEqual(await contentOf(run.store!), content, `seed ${seed}, snapshot ${name}`);
    }
    await run.drive(run.store!.close());
  }
});

test("a fork is the state or a snapshot in a folder of its own, with the key and the blobs", async () => {
  const world = simulatedWorld({ seed: 1 });
  const place = placeIn(world);
  const run = new Run(1);
  run.world = world;
  const store = await run.drive(place.open());
  await run.drive(write(store, "first", keys));
  await run.drive(world.files.makeFolder("/data/blobs/a"));
  await run.drive(world.files.replace("/data/blobs/a/b", Buffer.from("a blob")));
  await run.drive(world.files.replace("/data/root-key.json", Buffer.from("a key")));
  const facts = { name: "saved", savedAt: "", machineTime: "", version: "" };
  const { sizeBytes } = await run.drive(place.save(store, facts));
  assert.ok(sizeBytes > 0);
  await run.drive(write(store, "second", keys));
  const folders = [
    [await run.drive(place.fork(store, { name: "then", snapshot: "saved" })), "first"],
    [await run.drive(place.fork(store, { name: "now" })), "second"],
  ] as const;
  for (const [folder, stamp] of folders) {
    const fork = await run.drive(simulatedStore({ world, folder: `${folder}/store` }));
    assert.deepEqual(await contentOf(fork), written(new Map(), stamp, keys));
    const read = async (name: string) =>
      (await run.drive(world.files.read(`${folder}/${name}`)))?.toString();
    assert.equal(await read("blobs/a/b"), "a blob");
    assert.equal(await read("root-key.json"), "a key");
    await run.drive(write(fork, "third", keys));
    await run.drive(fork.close());
  }
  assert.deepEqual(await contentOf(store), written(new Map(), "second", keys));
  const problems: [() => Promise<unknown>, SnapshotProblem["kind"]][] = [
    [() => place.fork(store, { name: "now" }), "taken"],
    [() => place.fork(store, { name: "other", snapshot: "none" }), "unknown"],
    [() => place.fork(store, { name: "../other" }), "name"],
    [() => place.save(store, facts), "taken"],
    [() => place.save(store, { ...facts, name: ".partial-x" }), "name"],
    [() => place.stage("none"), "unknown"],
    [() => place.delete("none"), "unknown"],
  ];
  for (const [act, kind] of problems) {
    await assert.rejects(run.drive(act()), (error) => {
      return error instanceof SnapshotProblem && error.kind === kind;
    });
  }
});
