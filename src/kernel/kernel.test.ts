import assert from "node:assert/strict";
import test from "node:test";
import { JsonBytes } from "#base/json-bytes.ts";
import { memoryStore } from "#store/open.ts";
import { simulatedWorld } from "#world/simulated.ts";
import type { JobContext } from "./context.ts";
import { rootOf } from "./identity.ts";
import { Kernel } from "./kernel.ts";
import { silentLog } from "./log.ts";
import { defineService, type Service } from "./service.ts";

const account = "000000000000";
const origin = {
  service: "publisher",
  operation: "Publish",
  account,
  region: "eu-west-1",
  caller: rootOf(account),
  requestId: "request",
};

function setUp(...services: Service[]) {
  const world = simulatedWorld({ seed: 1 });
  const kernel = new Kernel({ world, store: memoryStore(), services, log: silentLog });
  return { world, kernel };
}

const publisher = (name = "publisher"): Service => defineService({ name, operations: {} });

test("a subscriber gets a tenant's events in order, though its first tries fail", async () => {
  const got: unknown[] = [];
  let failures = 2;
  const { world, kernel } = setUp(
    publisher(),
    defineService({
      name: "subscriber",
      operations: {},
      subscriptions: {
        "publisher.Said"(ctx: JobContext, payload: never) {
          failures -= 1;
          if (failures >= 0) throw new Error("busy");
          got.push([ctx.service, ctx.region, payload]);
        },
      },
    }),
  );
  await kernel.start();
  const ctx = kernel.context(origin);
  for (const word of ["a", "b", "c"]) {
    await ctx.transact((tx) => ctx.publish(tx, "publisher.Said", word));
  }
  await world.clock.advance(5_000);
  assert.deepEqual(
    got,
    ["a", "b", "c"].map((word) => ["subscriber", "eu-west-1", word]),
  );
});

test("an event of a transaction that failed is never delivered", async () => {
  const got: unknown[] = [];
  const { world, kernel } = setUp(
    publisher(),
    defineService({
      name: "subscriber",
      operations: {},
      subscriptions: {
        "publisher.Said": (_: JobContext, payload: never) => void got.push(payload),
      },
    }),
  );
  await kernel.start();
  const ctx = kernel.context(origin);
  await assert.rejects(
    ctx.transact((tx) => {
      ctx.publish(tx, "publisher.Said", "never");
      throw new Error("decided otherwise");
    }),
  );
  await world.clock.advance(5_000);
  assert.deepEqual(got, []);
});

test("a job is handed its service's context and completes by returning", async () => {
  const seen: unknown[] = [];
  const { world, kernel } = setUp(
    defineService({
      name: "publisher",
      operations: {},
      jobs: { work: (ctx, payload) => void seen.push(ctx.service, ctx.account, payload) },
    }),
  );
  await kernel.start();
  const ctx = kernel.context(origin);
  await ctx.transact((tx) =>
    ctx.schedule(tx, { at: ctx.now(), job: "work", key: "one", payload: { n: 1 } }),
  );
  await world.clock.advance(120_000);
  assert.deepEqual(seen, ["publisher", account, { n: 1 }]);
});

test("one service calls another's operation as a service principal and gets plain values", async () => {
  const { kernel } = setUp(
    publisher(),
    defineService<{
      GetItem: { input: unknown; output: unknown; error: never };
    }>({
      name: "dynamodb",
      operations: {
        GetItem: (ctx, input) => ({
          by: ctx.caller.arn,
          input,
          items: [new JsonBytes(Buffer.from('{"a":1}'))],
        }),
      },
    }),
  );
  const { dynamodb } = kernel.context(origin).services;
  const output: unknown = await dynamodb.GetItem({ TableName: "t", Key: {} });
  assert.deepEqual(output, {
    by: "publisher.amazonaws.com",
    input: { TableName: "t", Key: {} },
    items: [{ a: 1 }],
  });
  await assert.rejects(dynamodb.ListTables({}), { code: "NotImplemented" });
});

test("a reset forgets every account's state and the jobs with it", async () => {
  const ran: string[] = [];
  const { world, kernel } = setUp(
    defineService({
      name: "publisher",
      operations: {},
      jobs: { work: () => void ran.push("ran") },
    }),
  );
  await kernel.start();
  const ctx = kernel.context(origin);
  await ctx.transact((tx) => {
    for (let at = 0; at < 6_000; at++) tx.put(ctx.key("thing", at), Buffer.from("x"));
    ctx.schedule(tx, { at: ctx.now() + 1_000, job: "work", key: "one" });
  });
  await kernel.reset();
  await world.clock.advance(2_000);
  assert.deepEqual(ran, []);
  const left = await ctx.read((snapshot) => [...snapshot.range({ start: "", end: "\u00ff" })]);
  assert.equal(left.length, 0);
});
