/** The base engine against a plain map: many small runs and merges, on a disk that may crash or fail. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seededRandom } from "#world/seeded-random.ts";
import type { SeededRandom } from "#world/seeded-random.ts";
import { simulatedWorld } from "#world/simulated.ts";
import type { SimulatedWorld } from "#world/simulated.ts";
import { Layer } from "../layer.ts";
import type { KeyRange } from "../store.ts";
import { RunsEngine } from "./runs-engine.ts";
import type { EngineSizes } from "./runs-engine.ts";
import { StoreDamaged } from "./sorted-file.ts";

const folder = "/base";
const sizes: Partial<EngineSizes> = {
  blockBytes: 256,
  partitionBytes: 700,
  chunkBytes: 1024,
  bytesPerSync: 2048,
  fileBytes: 3000,
  cacheBytes: 6000,
  mostRuns: 6,
};

type State = ReadonlyMap<string, Buffer>;

function open(world: SimulatedWorld): Promise<RunsEngine> {
  const { files, clock } = world;
  return RunsEngine.open({ files, clock, folder, nextTurn: queueMicrotask, sizes });
}

function keyOf(random: SeededRandom): string {
  const table = ["a/", "b/", "b/long/".repeat(20)][random.below(3)]!;
  return table + String(random.below(120)).padStart(1 + random.below(3), "0");
}

/** Some writes; what they make of the state. */
function change(state: State, random: SeededRandom): { layer: Layer; after: Map<string, Buffer> } {
  const layer = new Layer();
  const after = new Map(state);
  for (let writes = 1 + random.below(40); writes > 0; writes -= 1) {
    const key = keyOf(random);
    const value =
      random.below(3) === 0
        ? null
        : Buffer.alloc(random.below(random.below(20) === 0 ? 2500 : 60), random.below(250));
    layer.set(key, value);
    if (value === null) after.delete(key);
    else after.set(key, value);
  }
  return { layer, after };
}

function entriesOf(engine: RunsEngine, range: KeyRange): [string, string][] {
  const cursor = engine.range(range);
  const found: [string, string][] = [];
  for (let entry = cursor.next(); entry !== undefined; entry = cursor.next()) {
    found.push([entry.key, entry.value.toString("hex")]);
  }
  cursor.close();
  return found;
}

function check(engine: RunsEngine, state: State, random: SeededRandom): void {
  const all = [...state]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]): [string, string] => [key, value.toString("hex")]);
  assert.deepEqual(entriesOf(engine, { start: "", end: "z" }), all);
  assert.deepEqual(entriesOf(engine, { start: "", end: "z", reverse: true }), all.toReversed());
  for (let turn = 0; turn < 10; turn++) {
    const [start, end] = [keyOf(random), keyOf(random) + (random.below(2) === 0 ? "\u0000" : "")];
    const limit = 1 + random.below(8);
    const within = all.filter(([key]) => key >= start && key < end);
    assert.deepEqual(entriesOf(engine, { start, end, limit }), within.slice(0, limit));
    assert.deepEqual(
      entriesOf(engine, { start, end, limit, reverse: true }),
      within.toReversed().slice(0, limit),
    );
    assert.equal(engine.get(start)?.toString("hex"), state.get(start)?.toString("hex"));
  }
}

async function namesIn(world: SimulatedWorld): Promise<string[]> {
  return (await world.files.list(folder)).filter((name) => name.endsWith(".run"));
}

/** Lets merges go on until nothing is left to do. */
async function settle(engine: RunsEngine): Promise<void> {
  engine.settle();
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
}

void describe("The base engine", () => {
  void test("agrees with a plain map, through merges and restarts", async () => {
    for (let seed = 0; seed < 8; seed++) {
      const random = seededRandom(seed);
      const world = simulatedWorld({ seed });
      let state: State = new Map();
      let engine = await open(world);
      for (let round = 1; round <= 40; round++) {
        const { layer, after } = change(state, random);
        let told = 0;
        await engine.apply(layer, round, (bytes) => (told += bytes));
        state = after;
        assert.ok(told > 0);
        if (random.below(3) === 0) check(engine, state, random);
        if (random.below(8) === 0) await settle(engine);
        if (random.below(8) === 0) {
          await engine.close();
          engine = await open(world);
          assert.equal(engine.lastSequence, round);
        }
      }
      check(engine, state, random);
      await settle(engine);
      check(engine, state, random);
      await engine.close();
    }
  });

  void test("is after a crash what the last or the next memtable made of it, and leaves no file behind", async () => {
    let crashes = 0;
    for (let seed = 0; seed < 40; seed++) {
      const random = seededRandom(seed);
      let world = simulatedWorld({ seed });
      let state: State = new Map();
      let sequence = 0;
      let next: { state: State; sequence: number } | undefined;
      for (let life = 0; life < 4; life++) {
        let engine = await open(world);
        if (next !== undefined && engine.lastSequence === next.sequence) {
          ({ state, sequence } = next);
        }
        assert.equal(engine.lastSequence, sequence, `seed ${seed}`);
        check(engine, state, random);
        world.files.haltAfter(random.below(250));
        try {
          for (let round = 0; round < 20; round++) {
            const { layer, after } = change(state, random);
            next = { state: after, sequence: sequence + 1 };
            await engine.apply(layer, next.sequence, () => undefined);
            ({ state, sequence } = next);
            if (random.below(4) === 0) engine.settle();
          }
        } catch (error) {
          if (!world.hasStopped) throw error;
          crashes += 1;
        }
        world = world.crash();
        engine = await open(world);
        const manifest = String(await world.files.read(`${folder}/manifest`));
        for (const name of await namesIn(world)) {
          assert.ok(manifest.includes(`"number":${Number.parseInt(name, 10)},`), name);
        }
        await engine.close();
      }
    }
    assert.ok(crashes > 40, `only ${crashes} crashes`);
  });

  void test("loses nothing when the disk is full or fails, and goes on with what it has", async () => {
    let failed = 0;
    for (let seed = 0; seed < 50; seed++) {
      const random = seededRandom(seed);
      const world = simulatedWorld({ seed });
      const engine = await open(world);
      let state: State = new Map();
      let sequence = 0;
      let next: State | undefined;
      const operation = (["write", "sync", "read", "open", "remove", "rename"] as const)[
        random.below(6)
      ]!;
      if (random.below(3) === 0) world.files.capacityBytes = 8000 + random.below(30_000);
      else world.files.fail({ operation, code: "EIO", skip: random.below(80), times: 1 });
      try {
        for (let round = 0; round < 25; round++) {
          const { layer, after } = change(state, random);
          next = after;
          await engine.apply(layer, sequence + 1, () => undefined);
          sequence += 1;
          state = after;
        }
      } catch {
        failed += 1;
      }
      world.files.heal();
      world.files.capacityBytes = Infinity;
      check(engine, state, random);
      await engine.close();
      const again = await open(world);
      if (again.lastSequence > sequence) state = next!;
      check(again, state, random);
      await again.close();
    }
    assert.ok(failed > 10, `only ${failed} failed`);
  });

  void test("gives back the space of what is deleted", async () => {
    const world = simulatedWorld({ seed: 1 });
    const engine = await open(world);
    const put = new Layer();
    for (let at = 0; at < 100; at++) put.set(`k${at}`, Buffer.alloc(300, at));
    await engine.apply(put, 1, () => undefined);
    const gone = new Layer();
    for (let at = 0; at < 100; at++) gone.set(`k${at}`, null);
    await engine.apply(gone, 2, () => undefined);
    await settle(engine);
    assert.deepEqual(await namesIn(world), []);
    await engine.close();
  });

  void test("does not write again what overlaps with nothing", async () => {
    const world = simulatedWorld({ seed: 1 });
    const engine = await open(world);
    let writtenBytes = 0;
    for (let round = 1; round <= 40; round++) {
      const layer = new Layer();
      for (let at = 0; at < 20; at++) {
        layer.set(`log/${String(round * 20 + at).padStart(6, "0")}`, Buffer.alloc(100));
        writtenBytes += 110;
      }
      await engine.apply(layer, round, () => undefined);
    }
    await settle(engine);
    const names = await namesIn(world);
    // Numbers are given to files in turn: so many were written in all.
    const written = Number.parseInt(names.at(-1)!, 10);
    assert.ok(written < 2.2 * (writtenBytes / 2400), `${written} files for ${writtenBytes} bytes`);
    await engine.close();
  });

  void test("refuses what is damaged, and never takes it for absent", async () => {
    const world = simulatedWorld({ seed: 1 });
    const engine = await open(world);
    const layer = new Layer();
    for (let at = 0; at < 200; at++) layer.set(`k${at}`, Buffer.from(`value ${at}`));
    await engine.apply(layer, 1, () => undefined);
    await engine.close();
    const [name] = await namesIn(world);
    const path = `${folder}/${name}`;
    const whole = (await world.files.read(path))!;
    for (let at = 0; at < whole.length; at += 29) {
      const file = await world.files.open(path);
      await file.write(at, Buffer.from([whole[at]! ^ 1]));
      await file.close();
      const damaged = await open(world);
      let refused = 0;
      for (let key = 0; key < 200; key++) {
        try {
          assert.equal(damaged.get(`k${key}`)?.toString(), `value ${key}`);
        } catch (error) {
          assert.ok(error instanceof StoreDamaged, String(error));
          refused += 1;
        }
      }
      assert.ok(refused > 0 || at >= whole.length - 4000, `byte ${at}`);
      await damaged.close();
      await world.files.replace(path, whole);
    }
    await world.files.remove(path);
    await assert.rejects(open(world), /is missing/);
    await world.files.replace(path, whole.subarray(0, 100));
    await assert.rejects(open(world), StoreDamaged);
    await world.files.replace(path, whole);
    const manifest = (await world.files.read(`${folder}/manifest`))!;
    await world.files.replace(`${folder}/manifest`, Buffer.concat([manifest, Buffer.from(" ")]));
    await assert.rejects(open(world), /manifest is damaged/);
    await world.files.remove(`${folder}/manifest`);
    await assert.rejects(open(world), /no manifest/);
  });
});
