/**
 * Blobs on a simulated disk that loses power, at each operation in turn. After every crash: what was acknowledged is
 * there and whole, what was taken away is gone, and the folder has no file that no key names.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { endOfPrefix } from "#base/key.ts";
import { simulatedStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import { seededRandom } from "#world/seeded-random.ts";
import { simulatedWorld, type SimulatedWorld } from "#world/simulated.ts";
import { silentLog } from "../log.ts";
import { until } from "../../../tests/support/until.ts";
import { garbageBlobs } from "./blob-record.ts";
import { FileBlobs, type Piece } from "./blobs.ts";

const folder = "/data/blobs";
const namePrefix = "name ";

/** What a name stands for: a blob, and which byte it is full of. */
interface Named extends Piece {
  readonly fill: number;
}

async function open(world: SimulatedWorld): Promise<{ store: Store; blobs: FileBlobs }> {
  const store = await simulatedStore({ world, folder: "/data/store" });
  const { files, random } = world;
  const sizes = { storedBytes: 100, filesInFolder: 3 };
  const blobs = new FileBlobs({ files, folder, store, random, log: silentLog, ...sizes });
  await blobs.start();
  return { store, blobs };
}

const namesIn = (store: Store): Promise<Map<string, Named>> =>
  store.read((snapshot) => {
    const range = { start: namePrefix, end: endOfPrefix(namePrefix) };
    const found = Array.from(snapshot.range(range), ({ key, value }) => {
      return [key, JSON.parse(value.toString()) as Named] as const;
    });
    return new Map(found);
  });

async function* slowly(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 150) {
    await Promise.resolve();
    yield bytes.subarray(at, at + 150);
  }
}

/** Uploads, shared names and deletions until the machine stops; `told` is what came back as done. */
async function work(
  { store, blobs }: { store: Store; blobs: FileBlobs },
  seed: number,
  told: Map<string, number | undefined>,
): Promise<void> {
  const random = seededRandom(seed);
  for (let step = 0; step < 14; step++) {
    const name = `${namePrefix}${random.below(5)}`;
    const fill = 1 + random.below(255);
    const length = [20, 90, 400, 900][random.below(4)]!;
    // Either outcome is right for what is under way when the power goes.
    const before = told.get(name);
    told.delete(name);
    if (random.below(4) === 0) {
      await store.transact((tx) => {
        const found = tx.get(name);
        if (found === undefined) return;
        blobs.release(tx, (JSON.parse(found.toString()) as Named).blob);
        tx.delete(name);
      });
      told.set(name, undefined);
      continue;
    }
    const received = await blobs.receive(slowly(Buffer.alloc(length, fill)));
    const fails = random.below(5) === 0;
    const committed = received.commit((tx, blob) => {
      if (fails) throw new RangeError("a condition that does not hold");
      const found = tx.get(name);
      if (found !== undefined) blobs.release(tx, (JSON.parse(found.toString()) as Named).blob);
      tx.put(name, Buffer.from(JSON.stringify({ blob, offset: 0, length, fill })));
    });
    if (fails) {
      await assert.rejects(committed, RangeError);
      if (before !== undefined) told.set(name, before);
    } else {
      await committed;
      told.set(name, fill);
    }
  }
}

async function check(
  world: SimulatedWorld,
  { store, blobs }: { store: Store; blobs: FileBlobs },
  told: ReadonlyMap<string, number | undefined>,
): Promise<void> {
  const names = await namesIn(store);
  for (const [name, fill] of told) assert.equal(names.get(name)?.fill, fill, name);
  for (const [name, piece] of names) {
    const hold = blobs.hold();
    const body = await store.read((snapshot) => blobs.body(snapshot, [piece]));
    const read = blobs.read(body, 0, piece.length, hold);
    const parts: Buffer[] = [];
    for await (const part of Buffer.isBuffer(read) ? [read] : read) parts.push(part);
    assert.ok(Buffer.concat(parts).equals(Buffer.alloc(piece.length, piece.fill)), name);
  }
  const garbage = (): Promise<number> =>
    store.read((snapshot) => garbageBlobs(snapshot, undefined, 10).length);
  await until(garbage, (count) => count === 0);
  await blobs.stop();
  const files: string[] = [];
  for (const group of await world.files.list(folder)) {
    for (const file of await world.files.list(join(folder, group))) files.push(`${group}-${file}`);
  }
  const inFiles = [...names.values()].filter(({ length }) => length > 100);
  assert.deepEqual(files.toSorted(), inFiles.map(({ blob }) => blob).toSorted());
}

describe("Blobs on a disk that loses power", () => {
  for (let seed = 1; seed <= 4; seed++) {
    test(`keep what was acknowledged and leave no file without a name (seed ${seed})`, async () => {
      let wasCut = true;
      for (let operations = 1; wasCut; operations++) {
        let world = simulatedWorld({ seed });
        const told = new Map<string, number | undefined>();
        world.files.haltAfter(operations);
        try {
          await work(await open(world), seed, told);
        } catch (failure) {
          assert.ok(world.hasStopped, String(failure));
        }
        wasCut = world.hasStopped;
        world = world.crash();
        const opened = await open(world);
        await check(world, opened, told);
        await opened.store.close();
      }
    });
  }
});
