import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Duplex } from "node:stream";
import { isSystemError } from "./system-error.ts";
import { FolderInUse } from "./world.ts";
import type { World } from "./world.ts";

/** A world to try out, and what only its kind can do. */
export interface WorldUnderTest {
  readonly world: World;
  /** An empty folder. */
  readonly folder: string;
  /** Connects to a port that the world listens on. */
  readonly connect: (port: number) => Duplex;
  /** Lets so much time pass. */
  readonly pass: (milliseconds: number) => Promise<void>;
}

/** What every world does alike. */
export function describeWorld(kind: string, make: () => Promise<WorldUnderTest>): void {
  describe(`The ${kind} world's files`, () => {
    test("a new file is empty, grows by writes anywhere and reads as zeros in the gaps", async () => {
      const { world, folder } = await make();
      const file = await world.files.open(join(folder, "a"));
      assert.equal(await file.sizeBytes(), 0);
      await file.write(3, Buffer.from("xyz"));
      assert.equal(await file.sizeBytes(), 6);
      assert.deepEqual(await file.read(0, 100), Buffer.from("\0\0\0xyz"));
      assert.deepEqual(await file.read(4, 1), Buffer.from("y"));
      assert.deepEqual(await file.read(6, 10), Buffer.alloc(0));
      await file.truncate(4);
      await file.sync();
      await file.close();
      assert.deepEqual(await world.files.read(join(folder, "a")), Buffer.from("\0\0\0x"));
    });

    test("a file keeps its bytes until it is opened again", async () => {
      const { world, folder } = await make();
      const first = await world.files.open(join(folder, "a"));
      await first.write(0, Buffer.from("kept"));
      await first.close();
      const second = await world.files.open(join(folder, "a"));
      assert.deepEqual(await second.read(0, 4), Buffer.from("kept"));
      await second.close();
    });

    test("a file is also read in place", async () => {
      const { world, folder } = await make();
      const file = await world.files.open(join(folder, "a"));
      await file.write(0, Buffer.from("in place"));
      assert.deepEqual(file.readNow(3, 5), Buffer.from("place"));
      assert.deepEqual(file.readNow(6, 100), Buffer.from("ce"));
      assert.deepEqual(file.readNow(8, 1), Buffer.alloc(0));
      assert.deepEqual(file.readNow(3, 5, Buffer.alloc(7)), Buffer.from("place"));
      assert.deepEqual(file.readNow(6, 3, Buffer.alloc(3)), Buffer.from("ce"));
      await file.close();
      assert.throws(() => file.readNow(0, 1));
    });

    test("a file with two names lives until the last is gone", async () => {
      const { world, folder } = await make();
      const [first, second] = [join(folder, "a"), join(folder, "b")];
      await world.files.replace(first, Buffer.from("shared"));
      await world.files.link(first, second);
      const file = await world.files.open(first);
      await file.write(0, Buffer.from("S"));
      await file.close();
      await assert.rejects(world.files.link(first, second), (error) =>
        isSystemError(error, "EEXIST"),
      );
      await assert.rejects(world.files.link(join(folder, "none"), join(folder, "c")), (error) =>
        isSystemError(error, "ENOENT"),
      );
      await world.files.remove(first);
      await world.files.syncFolder(folder);
      assert.deepEqual(await world.files.read(second), Buffer.from("Shared"));
    });

    test("a closed file can't be written", async () => {
      const { world, folder } = await make();
      const file = await world.files.open(join(folder, "a"));
      await file.close();
      await assert.rejects(file.write(0, Buffer.from("x")));
    });

    test("what is missing reads as undefined, lists as nothing and removes without failure", async () => {
      const { world, folder } = await make();
      assert.equal(await world.files.read(join(folder, "none")), undefined);
      assert.deepEqual(await world.files.list(join(folder, "none")), []);
      await world.files.remove(join(folder, "none"));
    });

    test("replacing writes the whole file, also many times at once", async () => {
      const { world, folder } = await make();
      const path = join(folder, "a");
      await world.files.replace(path, Buffer.from("a long first version"));
      await world.files.replace(path, Buffer.from("short"));
      assert.deepEqual(await world.files.read(path), Buffer.from("short"));
      await Promise.all(
        ["one", "two", "three"].map((text) => world.files.replace(path, Buffer.from(text))),
      );
      assert.deepEqual(await world.files.read(path), Buffer.from("three"));
      assert.deepEqual(await world.files.list(folder), ["a"]);
    });

    test("folders are made with those above, listed in order, renamed and removed with all in them", async () => {
      const { world, folder } = await make();
      await world.files.makeFolder(join(folder, "b/c"));
      await world.files.makeFolder(join(folder, "b/c"));
      for (const name of ["z", "B", "a"])
        await world.files.replace(join(folder, "b/c", name), Buffer.from(name));
      assert.deepEqual(await world.files.list(join(folder, "b/c")), ["B", "a", "z"]);
      assert.deepEqual(await world.files.list(join(folder, "b")), ["c"]);
      await world.files.rename(join(folder, "b"), join(folder, "d"));
      await world.files.syncFolder(folder);
      assert.deepEqual(await world.files.read(join(folder, "d/c/z")), Buffer.from("z"));
      assert.equal(await world.files.read(join(folder, "b/c/z")), undefined);
      await world.files.remove(join(folder, "d"));
      assert.deepEqual(await world.files.list(folder), []);
    });

    test("failures carry the system's codes", async () => {
      const { world, folder } = await make();
      const none = join(folder, "none");
      const code = (expected: string) => (error: unknown) => isSystemError(error, expected);
      await assert.rejects(world.files.open(join(none, "a")), code("ENOENT"));
      await assert.rejects(world.files.replace(join(none, "a"), Buffer.alloc(1)), code("ENOENT"));
      await assert.rejects(world.files.rename(none, join(folder, "b")), code("ENOENT"));
      await assert.rejects(world.files.syncFolder(none), code("ENOENT"));
      await assert.rejects(world.files.read(folder), code("EISDIR"));
    });

    test("a folder has one holder at a time, who is named to the others", async () => {
      const { world, folder } = await make();
      const unlock = await world.files.lock(folder, "the first one");
      await assert.rejects(
        world.files.lock(folder, "another"),
        (error) => error instanceof FolderInUse && error.holder === "the first one",
      );
      await unlock();
      await (
        await world.files.lock(folder, "another")
      )();
    });
  });

  describe(`The ${kind} world's clock`, () => {
    test("moves where it is told, and runs on from there", async () => {
      const { world, pass } = await make();
      const targetMs = world.clock.nowMs() + 90 * 86_400_000;
      world.clock.moveTo(targetMs);
      await pass(5);
      const passedMs = world.clock.nowMs() - targetMs;
      assert.ok(passedMs >= 4 && passedMs < 60_000, `${passedMs} ms passed`);
    });

    test("stands still when frozen, is moved by hand only, and runs on when resumed", async () => {
      const { world, pass } = await make();
      world.clock.freeze();
      const frozenMs = world.clock.nowMs();
      await pass(5);
      assert.equal(world.clock.nowMs(), frozenMs);
      world.clock.moveTo(frozenMs + 1000);
      assert.equal(world.clock.nowMs(), frozenMs + 1000);
      world.clock.resume();
      await pass(5);
      assert.ok(world.clock.nowMs() >= frozenMs + 1004);
    });

    test("tells the machine's own time, wherever it was moved or frozen", async () => {
      const { world } = await make();
      const machineMs = world.clock.machineMs();
      assert.equal(world.clock.isFrozen, false);
      world.clock.moveTo(machineMs + 90 * 86_400_000);
      world.clock.freeze();
      assert.equal(world.clock.isFrozen, true);
      const passedMs = world.clock.machineMs() - machineMs;
      assert.ok(passedMs >= 0 && passedMs < 60_000, `${passedMs} ms passed`);
      world.clock.resume();
      assert.equal(world.clock.isFrozen, false);
    });

    test("elapsed time goes on whatever the wall clock does", async () => {
      const { world, pass } = await make();
      const startMs = world.clock.elapsedMs();
      world.clock.freeze();
      world.clock.moveTo(0);
      await pass(5);
      const elapsedMs = world.clock.elapsedMs() - startMs;
      assert.ok(elapsedMs >= 4 && elapsedMs < 60_000, `${elapsedMs} ms elapsed`);
    });

    test("alarms ring after a jump beyond them, in their order, and not inside the call", async () => {
      const { world } = await make();
      const startMs = world.clock.nowMs();
      const rung: string[] = [];
      world.clock.at(startMs + 2_000_000, () => rung.push("second"));
      world.clock.at(startMs + 1_000_000, () => rung.push("first"));
      world.clock.at(startMs + 2_000_000, () => rung.push("third"));
      const cancel = world.clock.at(startMs + 1_500_000, () => rung.push("cancelled"));
      const never = world.clock.at(startMs + 9_000_000_000, () => rung.push("too early"));
      cancel();
      const last = new Promise<void>((resolve) => world.clock.at(startMs + 3_000_000, resolve));
      world.clock.moveTo(startMs + 3_000_000);
      assert.deepEqual(rung, []);
      await last;
      assert.deepEqual(rung, ["first", "second", "third"]);
      never();
    });

    test("an alarm for a moment that has passed rings at once", async () => {
      const { world } = await make();
      await new Promise<void>((resolve) => world.clock.at(world.clock.nowMs() - 1000, resolve));
    });

    test("an alarm rings when its time has come, not before", async () => {
      const { world, pass } = await make();
      const dueMs = world.clock.nowMs() + 20;
      let rangAtMs = 0;
      world.clock.at(dueMs, () => (rangAtMs = world.clock.nowMs()));
      world.clock.at(world.clock.nowMs() + 2 ** 31, () => assert.fail("too early"))();
      await pass(100);
      assert.ok(rangAtMs >= dueMs, `rang at ${rangAtMs}, due at ${dueMs}`);
    });

    test("a frozen clock's alarms wait", async () => {
      const { world, pass } = await make();
      world.clock.freeze();
      let hasRung = false;
      world.clock.at(world.clock.nowMs() + 2, () => (hasRung = true));
      await pass(10);
      assert.equal(hasRung, false);
      world.clock.resume();
      await pass(50);
      assert.equal(hasRung, true);
    });

    test("a delay counts elapsed time, moved clock or not", async () => {
      const { world, pass } = await make();
      let calls = 0;
      world.clock.freeze();
      world.clock.after(10, () => (calls += 1));
      world.clock.after(10, () => (calls += 1))();
      world.clock.moveTo(world.clock.nowMs() + 1_000_000);
      assert.equal(calls, 0);
      await pass(50);
      assert.equal(calls, 1);
    });
  });

  describe(`The ${kind} world's randomness`, () => {
    test("gives bytes of any number, UUIDs and fractions that differ", async () => {
      const { random } = (await make()).world;
      for (const length of [0, 1, 16, 256, 5000]) assert.equal(random.bytes(length).length, length);
      const seen = new Set(Array.from({ length: 1000 }, () => random.bytes(16).toString("hex")));
      assert.equal(seen.size, 1000);
      const uuids = Array.from({ length: 100 }, () => random.uuid());
      assert.equal(new Set(uuids).size, 100);
      for (const uuid of uuids) {
        assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }
      const fractions = Array.from({ length: 1000 }, () => random.fraction());
      assert.ok(fractions.every((fraction) => fraction >= 0 && fraction < 1));
      assert.ok(
        fractions.some((fraction) => fraction < 0.1) &&
          fractions.some((fraction) => fraction > 0.9),
      );
    });
  });

  describe(`The ${kind} world's sockets`, () => {
    test("carry bytes both ways, and one side may end before the other", async () => {
      const { world, connect } = await make();
      const listener = await world.sockets.listen({ host: "127.0.0.1", port: 0 }, (connection) => {
        const received: Buffer[] = [];
        connection.on("data", (bytes: Buffer) => received.push(bytes));
        connection.on("end", () => connection.end(`heard ${Buffer.concat(received).toString()}`));
      });
      const client = connect(listener.port);
      client.end("hello");
      assert.equal(await textOf(client), "heard hello");
      await listener.close();
    });

    test("a large body arrives whole, in order, however slowly it is read", async () => {
      const { world, connect } = await make();
      const sent = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));
      const listener = await world.sockets.listen({ host: "127.0.0.1", port: 0 }, (connection) => {
        connection.end(sent);
        connection.resume();
      });
      const client = connect(listener.port);
      const chunks: Buffer[] = [];
      for await (const chunk of client) chunks.push(chunk as Buffer);
      assert.ok(Buffer.concat(chunks).equals(sent));
      client.destroy();
      await listener.close();
    });

    test("a port that is taken is refused, and free again after close", async () => {
      const { world } = await make();
      const listener = await world.sockets.listen({ host: "127.0.0.1", port: 0 }, () => undefined);
      const at = { host: "127.0.0.1", port: listener.port };
      await assert.rejects(
        world.sockets.listen(at, () => undefined),
        (error) => isSystemError(error, "EADDRINUSE"),
      );
      await listener.close();
      await (await world.sockets.listen(at, () => undefined)).close();
    });

    test("closing the listener leaves open connections open", async () => {
      const { world, connect } = await make();
      const accepted = Promise.withResolvers<Duplex>();
      const listener = await world.sockets.listen({ host: "127.0.0.1", port: 0 }, accepted.resolve);
      const client = connect(listener.port);
      const server = await accepted.promise;
      await listener.close();
      server.end("still here");
      assert.equal(await textOf(client), "still here");
      client.end();
    });

    test("a side that goes away is noticed by the other", async () => {
      const { world, connect } = await make();
      const accepted = Promise.withResolvers<Duplex>();
      const listener = await world.sockets.listen({ host: "127.0.0.1", port: 0 }, accepted.resolve);
      const client = connect(listener.port);
      const server = await accepted.promise;
      server.on("error", () => undefined);
      server.resume();
      const noticed = Promise.race([once(server, "end"), once(server, "close")]);
      client.destroy();
      await noticed;
      server.destroy();
      await listener.close();
    });

    test("an idle connection says so", async () => {
      const { world, connect, pass } = await make();
      const idle = Promise.withResolvers<void>();
      const listener = await world.sockets.listen({ host: "127.0.0.1", port: 0 }, (connection) => {
        connection.setTimeout?.(5);
        connection.on("timeout", () => {
          connection.destroy();
          idle.resolve();
        });
      });
      const client = connect(listener.port);
      client.on("error", () => undefined);
      client.resume();
      await pass(50);
      await idle.promise;
      await listener.close();
    });
  });
}

async function textOf(stream: Duplex): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}
