import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { simulatedWorld } from "./simulated.ts";
import type { SimulatedWorld } from "./simulated.ts";
import { isSystemError } from "./system-error.ts";
import { describeWorld } from "./world.contract.ts";

describeWorld("simulated", async () => {
  const world = simulatedWorld({ seed: 1 });
  await world.files.makeFolder("/data");
  return {
    world,
    folder: "/data",
    connect: (port) => world.sockets.connect(port),
    pass: (milliseconds) => world.clock.advance(milliseconds),
  };
});

const seeds = Array.from({ length: 200 }, (_, seed) => seed);
const code = (expected: string) => (error: unknown) => isSystemError(error, expected);

async function freshWorld(seed: number): Promise<SimulatedWorld> {
  const world = simulatedWorld({ seed });
  await world.files.makeFolder("/data");
  return world;
}

describe("A crash of the simulated world", () => {
  test("keeps what was synced in a file whose folder was synced", async () => {
    for (const seed of seeds) {
      const world = await freshWorld(seed);
      const file = await world.files.open("/data/log");
      await world.files.syncFolder("/data");
      await file.write(0, Buffer.alloc(5000, "a"));
      await file.sync();
      await file.write(5000, Buffer.alloc(5000, "b"));
      const found = (await world.crash().files.read("/data/log"))!;
      assert.deepEqual(found.subarray(0, 5000), Buffer.alloc(5000, "a"), `seed ${seed}`);
    }
  });

  test("may lose, keep or tear at sectors what was not synced", async () => {
    const outcomes = new Set<string>();
    for (const seed of seeds) {
      const world = await freshWorld(seed);
      const file = await world.files.open("/data/log");
      await world.files.syncFolder("/data");
      await file.write(0, Buffer.alloc(2048, "a"));
      await file.sync();
      await file.write(0, Buffer.alloc(2048, "b"));
      const found = (await world.crash().files.read("/data/log"))!;
      const sectors = [0, 1, 2, 3].map((index) =>
        found.subarray(index * 512, (index + 1) * 512).toString(),
      );
      for (const sector of sectors) assert.match(sector, /^(a{512}|b{512})$/);
      outcomes.add(sectors.map((sector) => sector[0]).join(""));
    }
    assert.ok(outcomes.has("aaaa") && outcomes.has("bbbb"));
    assert.ok(outcomes.size > 10, `only ${[...outcomes].join(" ")}`);
  });

  test("may leave any of several unsynced writes to the same sector, and any length between", async () => {
    const contents = new Set<string>();
    const lengths = new Set<number>();
    for (const seed of seeds) {
      const world = await freshWorld(seed);
      const file = await world.files.open("/data/log");
      await world.files.syncFolder("/data");
      await file.write(0, Buffer.from("one"));
      await file.sync();
      await file.write(0, Buffer.from("two"));
      await file.write(0, Buffer.from("six"));
      await file.write(600, Buffer.from("more"));
      const found = (await world.crash().files.read("/data/log"))!;
      contents.add(found.subarray(0, 3).toString());
      lengths.add(found.length);
    }
    assert.deepEqual([...contents].sort(), ["one", "six", "two"]);
    assert.deepEqual(
      [...lengths].sort((left, right) => left - right),
      [3, 604],
    );
  });

  test("takes nothing from a folder that was done in another one of its name", async () => {
    for (const seed of seeds) {
      const world = await freshWorld(seed);
      const { files } = world;
      for (const folder of ["/data/old", "/data/new"]) {
        await files.makeFolder(folder);
        await files.replace(`${folder}/a`, Buffer.from(folder));
      }
      await files.remove("/data/old/a");
      await files.rename("/data/old", "/data/gone");
      await files.rename("/data/new", "/data/old");
      await files.syncFolder("/data");
      const found = await world.crash().files.read("/data/old/a");
      assert.equal(found?.toString(), "/data/new", `seed ${seed}`);
    }
  });

  test("may lose new, renamed and removed entries until their folder is synced", async () => {
    const outcomes = new Set<string>();
    for (const seed of seeds) {
      const world = await freshWorld(seed);
      await world.files.replace("/data/a", Buffer.from("a"));
      await world.files.open("/data/b");
      await world.files.rename("/data/a", "/data/c");
      const survived = world.crash();
      outcomes.add((await survived.files.list("/data")).join(" "));
      const content =
        (await survived.files.read("/data/a")) ?? (await survived.files.read("/data/c"));
      assert.equal(content?.toString(), "a");
    }
    assert.deepEqual([...outcomes].sort(), ["a", "a b", "b c"]);
  });

  test("leaves the old file or the new one where it was being replaced", async () => {
    const outcomes = new Set<string>();
    for (const seed of seeds) {
      const world = await freshWorld(seed);
      await world.files.replace("/data/a", Buffer.alloc(2000, "o"));
      world.files.haltAfter(seed % 8);
      const result = await world.files.replace("/data/a", Buffer.alloc(3000, "n")).then(
        () => "done",
        () => "halted",
      );
      const found = (await world.crash().files.read("/data/a"))!;
      assert.ok(
        [Buffer.alloc(2000, "o"), Buffer.alloc(3000, "n")].some((whole) => whole.equals(found)),
      );
      if (result === "done") assert.equal(found.length, 3000);
      outcomes.add(`${result} ${found.length}`);
    }
    assert.deepEqual([...outcomes].sort(), ["done 3000", "halted 2000", "halted 3000"]);
  });

  test("rejects what still waits for the disk, and everything afterwards", async () => {
    const world = await freshWorld(1);
    const file = await world.files.open("/data/a");
    world.files.delay({ operation: "sync", delayMs: 10 });
    const syncing = file.sync();
    world.crash();
    await assert.rejects(syncing, code("EIO"));
    await assert.rejects(file.write(0, Buffer.from("x")), code("EIO"));
    await assert.rejects(world.files.read("/data/a"), code("EIO"));
  });

  test("frees locks and ports, breaks connections and silences alarms", async () => {
    const world = await freshWorld(1);
    await world.files.syncFolder("/");
    await world.files.lock("/data", "the first life");
    await world.sockets.listen({ host: "127.0.0.1", port: 80 }, (connection) =>
      connection.resume(),
    );
    const client = world.sockets.connect(80);
    const broken = new Promise<unknown>((resolve) => client.once("error", resolve));
    world.clock.after(5, () => assert.fail("an alarm of a dead machine rang"));
    const next = world.crash();
    assert.ok(isSystemError(await broken, "ECONNRESET"));
    await world.clock.advance(100);
    await next.files.lock("/data", "the second life");
    assert.throws(() => next.sockets.connect(80), code("ECONNREFUSED"));
    await (await next.sockets.listen({ host: "127.0.0.1", port: 80 }, () => undefined)).close();
  });

  test("forgets where the clock was moved to, and keeps the machine's time", async () => {
    const world = await freshWorld(1);
    await world.clock.advance(1000);
    const machineMs = world.clock.nowMs();
    world.clock.moveTo(machineMs + 86_400_000);
    assert.equal(world.crash().clock.nowMs(), machineMs);
  });
});

describe("The simulated world", () => {
  test("runs the same way from the same seed", async () => {
    const run = async (seed: number): Promise<string> => {
      let world = await freshWorld(seed);
      const trace: string[] = [];
      for (let life = 0; life < 5; life += 1) {
        const writes = Array.from({ length: 10 }, async (_, index) => {
          const file = await world.files.open(`/data/${index % 3}`);
          await file.write(index * 300, world.random.bytes(700));
          if (index % 2 === 0) await file.sync();
          trace.push(`${index} at ${world.clock.nowMs()}`);
        });
        await Promise.all(writes);
        await world.files.syncFolder("/data");
        world = world.crash();
        for (const name of await world.files.list("/data")) {
          trace.push((await world.files.read(`/data/${name}`))!.toString("base64"));
        }
      }
      return trace.join("\n");
    };
    assert.equal(await run(42), await run(42));
    assert.notEqual(await run(42), await run(43));
  });

  test("lets all that an alarm causes happen before the next alarm rings", async () => {
    const world = await freshWorld(1);
    const seen: string[] = [];
    world.clock.after(10, () => {
      void world.files.replace("/data/a", Buffer.from("x")).then(() => seen.push("written"));
    });
    world.clock.after(10.5, () => seen.push("rang"));
    await world.clock.advance(20);
    assert.deepEqual(seen, ["written", "rang"]);
  });

  test("rings alarms at their moments while the clock advances", async () => {
    const world = await freshWorld(1);
    const startMs = world.clock.nowMs();
    const rung: number[] = [];
    world.clock.at(startMs + 500, () => rung.push(world.clock.nowMs() - startMs));
    world.clock.after(200, () => {
      rung.push(world.clock.nowMs() - startMs);
      world.clock.after(100, () => rung.push(world.clock.nowMs() - startMs));
    });
    await world.clock.advance(1000);
    assert.deepEqual(rung, [200, 300, 500]);
    assert.equal(world.clock.nowMs(), startMs + 1000);
  });

  test("sets the machine's clock back without time passing", async () => {
    const world = await freshWorld(1);
    const startMs = world.clock.nowMs();
    world.clock.jump(-60_000);
    assert.equal(world.clock.nowMs(), startMs - 60_000);
    assert.equal(world.clock.elapsedMs(), 0);
  });

  test("fails the operations that it is told to fail", async () => {
    const world = await freshWorld(1);
    world.files.fail({ operation: "write", path: "/data/a", code: "EIO", skip: 1, times: 2 });
    const file = await world.files.open("/data/a");
    const other = await world.files.open("/data/b");
    await file.write(0, Buffer.from("fine"));
    await other.write(0, Buffer.from("fine"));
    await assert.rejects(file.write(4, Buffer.from("x")), code("EIO"));
    await assert.rejects(file.write(4, Buffer.from("x")), code("EIO"));
    await file.write(4, Buffer.from("fine"));
    assert.deepEqual(await file.read(0, 8), Buffer.from("finefine"));
  });

  test("a disk that is full takes what fits and says ENOSPC", async () => {
    const world = await freshWorld(3);
    world.files.capacityBytes = 1000;
    const file = await world.files.open("/data/a");
    await file.write(0, Buffer.alloc(900));
    await assert.rejects(file.write(900, Buffer.alloc(200)), code("ENOSPC"));
    assert.ok((await file.sizeBytes()) <= 1000);
    await file.write(0, Buffer.alloc(900, "x"));
  });

  test("after a failed sync, the next one brings back nothing of what was lost", async () => {
    const outcomes = new Set<string>();
    for (const seed of seeds) {
      const world = await freshWorld(seed);
      const file = await world.files.open("/data/a");
      await world.files.syncFolder("/data");
      await file.write(0, Buffer.from("x"));
      world.files.fail({ operation: "sync", code: "EIO" });
      await assert.rejects(file.sync(), code("EIO"));
      assert.deepEqual(await file.read(0, 1), Buffer.from("x"));
      await file.sync();
      outcomes.add(String(await world.crash().files.read("/data/a")));
    }
    // Of a file's growth, the length may reach the disk without the bytes.
    assert.deepEqual([...outcomes].sort(), ["", "\0", "x"]);
  });

  test("a slow disk takes the clock's time", async () => {
    const world = await freshWorld(1);
    const file = await world.files.open("/data/a");
    world.files.delay({ operation: "sync", delayMs: 50 });
    let isSynced = false;
    const syncing = file.sync().then(() => (isSynced = true));
    await world.clock.advance(49);
    assert.equal(isSynced, false);
    await world.clock.advance(1);
    await syncing;
  });

  test("a network that fragments delivers the same bytes in other pieces", async () => {
    const world = await freshWorld(1);
    world.sockets.fragments = true;
    const pieces: Buffer[] = [];
    await world.sockets.listen({ host: "127.0.0.1", port: 80 }, (connection) => {
      connection.on("data", (bytes: Buffer) => pieces.push(bytes));
    });
    world.sockets.connect(80).end("0123456789".repeat(10));
    await world.clock.settle();
    assert.equal(Buffer.concat(pieces).toString(), "0123456789".repeat(10));
    assert.ok(pieces.length > 1);
  });

  test("asks the program to stop once, and starts no processes", async () => {
    const world = await freshWorld(1);
    let stops = 0;
    world.processes.onStop(() => (stops += 1));
    world.processes.onStop(() => (stops += 100))();
    world.askToStop();
    world.askToStop();
    assert.equal(stops, 1);
    assert.throws(() => world.processes.spawn("true", [], { folder: "/", environment: {} }));
  });
});
