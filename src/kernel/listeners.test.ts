import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "#store/store.ts";
import { memoryStore } from "#store/open.ts";
import { simulatedWorld, type SimulatedWorld } from "#world/simulated.ts";
import { Kernel } from "./kernel.ts";
import type { PortHandler } from "./listeners.ts";
import { silentLog } from "./log.ts";
import { rootOf } from "./identity.ts";
import { defineService } from "./service.ts";

const account = "000000000000";
const origin = {
  service: "greeter",
  operation: "test",
  account,
  region: "us-east-1",
  caller: rootOf(account),
  requestId: "test",
};

/** Says what it was told last, and ends the connection. */
const greeter: () => PortHandler = () => ({
  open(_ctx, { payload }) {
    let words = String(payload);
    return {
      connect: (connection) => void connection.end(words),
      change: (changed) => {
        words = String(changed);
      },
      close: () => Promise.resolve(),
    };
  },
});

async function start(world: SimulatedWorld, store: Store): Promise<Kernel> {
  const services = [
    defineService({ name: "greeter", operations: {}, listeners: { port: greeter } }),
  ];
  const ports = { host: "127.0.0.1", first: 9_000, authenticate: () => undefined };
  const kernel = new Kernel({ world, store, services, log: silentLog, ports });
  await kernel.start();
  return kernel;
}

async function heard(world: SimulatedWorld, port: number): Promise<string> {
  let text = "";
  const connection = world.sockets.connect(port);
  for await (const chunk of connection) text += String(chunk);
  return text;
}

test("a port is opened with the commit that asks for it, is changed, and closes with another", async () => {
  const world = simulatedWorld({ seed: 1 });
  const kernel = await start(world, memoryStore());
  const ctx = kernel.context(origin);
  const ask = (key: string, payload: string): Promise<void> =>
    ctx.transact((tx) => ctx.openPort(tx, { listener: "port", key, payload }));
  await ask("one", "hello");
  await ask("two", "good day");
  const one = await ctx.listening("port", "one");
  const two = await ctx.listening("port", "two");
  assert.deepEqual([one.port, two.port], [9_000, 9_001]);
  assert.equal(await heard(world, one.port), "hello");
  assert.equal(await heard(world, two.port), "good day");
  await ask("one", "welcome");
  assert.deepEqual(await ctx.listening("port", "one"), one);
  assert.equal(await heard(world, one.port), "welcome");
  await ctx.transact((tx) => ctx.closePort(tx, "port", "one"));
  await assert.rejects(ctx.listening("port", "one"), /no port is open/);
  assert.throws(() => world.sockets.connect(one.port), { code: "ECONNREFUSED" });
  await kernel.stop();
});

test("a port has the same number after a restart, whatever was opened in between", async () => {
  const world = simulatedWorld({ seed: 2 });
  const store = memoryStore();
  const first = await start(world, store);
  const before = first.context(origin);
  for (const key of ["b", "a"]) {
    await before.transact((tx) => before.openPort(tx, { listener: "port", key, payload: key }));
    await before.listening("port", key);
  }
  await first.stop();
  assert.throws(() => world.sockets.connect(9_000), { code: "ECONNREFUSED" });
  const second = await start(world, store);
  assert.equal(await heard(world, 9_000), "b");
  assert.equal(await heard(world, 9_001), "a");
  await second.stop();
});

test("a body that throws opens nothing, and forgetting everything closes all", async () => {
  const world = simulatedWorld({ seed: 3 });
  const kernel = await start(world, memoryStore());
  const ctx = kernel.context(origin);
  const failed = ctx.transact((tx) => {
    ctx.openPort(tx, { listener: "port", key: "never" });
    throw new Error("no");
  });
  await assert.rejects(failed, /no/);
  await assert.rejects(ctx.listening("port", "never"), /no port is open/);
  await ctx.transact((tx) => ctx.openPort(tx, { listener: "port", key: "once", payload: "x" }));
  const { port } = await ctx.listening("port", "once");
  await kernel.reset();
  await assert.rejects(ctx.listening("port", "once"), /no port is open/);
  assert.throws(() => world.sockets.connect(port), { code: "ECONNREFUSED" });
  await kernel.stop();
});
