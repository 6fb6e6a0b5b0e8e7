import assert from "node:assert/strict";
import { test } from "node:test";
import { simulatedWorld } from "#world/simulated.ts";
import type { SimulatedWorld } from "#world/simulated.ts";
import { Log, LogDamaged } from "./log.ts";
import { decodeHeader, decodeRecord, headerBytes } from "./log-record.ts";

const folder = "/log";
const segmentBytes = 4096;

async function open(
  world: SimulatedWorld,
  after = 0,
): Promise<{ log: Log; replayed: Map<number, Map<string, string | null>> }> {
  const replayed = new Map<number, Map<string, string | null>>();
  const log = await Log.open(
    { files: world.files, random: world.random, folder, segmentBytes },
    after,
    (entries, sequence) => {
      const texts = Array.from(
        entries,
        ([key, value]) => [key, value?.toString() ?? null] as const,
      );
      replayed.set(sequence, new Map(texts));
    },
  );
  return { log, replayed };
}

const batch = (text: string) => new Map([[`key ${text}`, Buffer.from(text)]]);

void test("a log hands back what was written after a number, values and deletions alike", async () => {
  const world = simulatedWorld({ seed: 1 });
  const { log } = await open(world);
  for (let sequence = 1; sequence <= 200; sequence++) {
    const entries = new Map<string, Buffer | null>(batch(`v${sequence}`));
    entries.set("\u0000gone\u00ff", null);
    await log.append(entries, sequence);
  }
  await log.close();
  const { replayed } = await open(world, 150);
  assert.deepEqual(
    [...replayed.keys()],
    Array.from({ length: 50 }, (_, index) => 151 + index),
  );
  assert.deepEqual(
    [...replayed.get(151)!],
    [
      ["key v151", "v151"],
      ["\u0000gone\u00ff", null],
    ],
  );
});

void test("segments are used again when their records are safe elsewhere", async () => {
  const world = simulatedWorld({ seed: 1 });
  const { log } = await open(world);
  for (let sequence = 1; sequence <= 2000; sequence++) {
    await log.append(batch("x".repeat(100)), sequence);
    if (sequence % 50 === 0) log.release(sequence - 10);
  }
  assert.ok((await world.files.list(folder)).length <= 6);
  await log.close();
  const { replayed } = await open(world, 1990);
  assert.equal(replayed.size, 10);
});

void test("a record larger than a segment has one of its own", async () => {
  const world = simulatedWorld({ seed: 1 });
  const { log } = await open(world);
  await log.append(batch("a"), 1);
  await log.append(batch("L".repeat(20_000)), 2);
  await log.append(batch("b"), 3);
  await log.close();
  const { replayed } = await open(world);
  assert.deepEqual([...replayed.keys()], [1, 2, 3]);
  assert.equal(replayed.get(2)!.get(`key ${"L".repeat(20_000)}`)!.length, 20_000);
});

void test("a torn end is cut; a hole in the middle is refused", async () => {
  const world = simulatedWorld({ seed: 1 });
  const { log } = await open(world);
  for (let sequence = 1; sequence <= 100; sequence++) {
    await log.append(batch("x".repeat(100)), sequence);
  }
  await log.close();
  const names = await world.files.list(folder);
  const firstFile = await world.files.open(`${folder}/${names[0]}`);
  const whole = (await world.files.read(`${folder}/${names[0]}`))!;

  // The last record of the last segment loses its last byte.
  const lastPath = `${folder}/${names.at(-1)}`;
  const last = (await world.files.read(lastPath))!;
  const { salt } = decodeHeader(last)!;
  let record = decodeRecord(last, salt, headerBytes)!;
  for (
    let next = record as typeof record | undefined;
    next;
    next = decodeRecord(last, salt, next.end)
  ) {
    record = next;
  }
  await (await world.files.open(lastPath)).write(record.end - 1, Buffer.from("#"));
  const cut = await open(world);
  assert.equal(cut.replayed.size, 99);
  // Another record takes its number, in another segment.
  await cut.log.append(batch("again"), 100);
  await cut.log.close();
  const again = await open(world);
  assert.equal(again.replayed.get(100)!.get("key again"), "again");
  await again.log.close();

  await firstFile.write(500, Buffer.from("#"));
  await assert.rejects(open(world), LogDamaged);
  await firstFile.write(0, whole);
  assert.equal((await open(world)).replayed.size, 100);
});

void test("bytes that a user stored never pass for a record, nor do records of an earlier use", async () => {
  const world = simulatedWorld({ seed: 1 });
  const { log } = await open(world);
  await log.append(batch("first"), 1);
  const [name] = await world.files.list(folder);
  const bytes = (await world.files.read(`${folder}/${name}`))!;
  const { salt } = decodeHeader(bytes)!;
  const record = decodeRecord(bytes, salt, headerBytes)!;
  // The same bytes, found under another salt.
  assert.equal(decodeRecord(bytes, salt ^ 1, headerBytes), undefined);
  assert.equal(record.sequence, 1);

  // Fill the segment, release it, and use it again: what is left of its first use is not read.
  for (let sequence = 2; sequence <= 40; sequence++)
    await log.append(batch("y".repeat(90)), sequence);
  log.release(40);
  for (let sequence = 41; sequence <= 100; sequence++) {
    await log.append(batch("z".repeat(90)), sequence);
    log.release(sequence - 1);
  }
  await log.close();
  const { replayed } = await open(world, 99);
  assert.deepEqual([...replayed.keys()], [100]);
});

// Found by the simulation, seed 50120: the segment was gone after a crash, and what had been acknowledged with it.
void test("a segment whose making failed half way is not lost with what is written to it later", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const world = simulatedWorld({ seed });
    const { log } = await open(world);
    world.files.fail({ operation: "sync", path: "000002.log", code: "EIO" });
    let written = 0;
    await assert.rejects(async () => {
      for (; ; written++) await log.append(batch("v".repeat(200)), written + 1);
    });
    await log.close();
    const second = await open(world);
    await second.log.append(batch("after the failure"), written + 1);
    const { replayed } = await open(world.crash());
    assert.deepEqual([...replayed.keys()].at(-1), written + 1, `seed ${seed}`);
  }
});
