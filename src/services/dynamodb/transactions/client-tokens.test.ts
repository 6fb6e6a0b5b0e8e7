import assert from "node:assert/strict";
import test from "node:test";
import { endOfPrefix } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import { rootOf } from "#kernel/identity.ts";
import { Kernel } from "#kernel/kernel.ts";
import { silentLog } from "#kernel/log.ts";
import { defineService } from "#kernel/service.ts";
import { memoryStore } from "#store/open.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { expireTokens, findDone, hashOf, rememberDone } from "./client-tokens.ts";

const minuteMs = 60_000;

async function setUp() {
  const world = simulatedWorld({ seed: 1 });
  const kernel = new Kernel({
    world,
    store: memoryStore(),
    services: [
      defineService({
        name: "dynamodb",
        operations: {},
        jobs: {
          expireTokens: (ctx: JobContext, payload: never) => expireTokens(ctx, payload),
        },
      }),
    ],
    log: silentLog,
  });
  await kernel.start();
  const account = "000000000000";
  const ctx = kernel.context({
    service: "dynamodb",
    operation: "Test",
    account,
    region: "us-east-1",
    caller: rootOf(account),
    requestId: "request",
  });
  const remember = (token: string) =>
    ctx.transact((tx) =>
      rememberDone(tx, ctx, token, {
        requestHash: token,
        doneAtMs: ctx.now(),
        readUnits: [["table", 2]],
      }),
    );
  const find = (token: string) => ctx.read((snapshot) => findDone(snapshot, ctx, token));
  return { world, ctx, remember, find };
}

const storedTokens = (ctx: Context): Promise<number> =>
  ctx.read((snapshot) => {
    const start = ctx.key("token");
    return [...snapshot.range({ start, end: endOfPrefix(start) })].length;
  });

test("a token stands for its transaction for ten minutes, wherever in a window it began", async () => {
  const { world, remember, find } = await setUp();
  for (const offsetMinutes of [0, 4, 9.9]) {
    const token = `token-${offsetMinutes}`;
    await world.clock.advance(offsetMinutes * minuteMs);
    await remember(token);
    assert.equal((await find(token))?.requestHash, token);
    await world.clock.advance(9.99 * minuteMs);
    assert.deepEqual((await find(token))?.readUnits, [["table", 2]]);
    await world.clock.advance(0.02 * minuteMs);
    assert.equal(await find(token), undefined);
  }
});

// Found by the simulation, seeds 15, 53 and 85: the transaction was done a second time.
test("a token stands for its transaction when the clock is set back over the edge of a window", async () => {
  const { world, remember, find } = await setUp();
  world.clock.moveTo(Math.ceil(world.clock.nowMs() / (10 * minuteMs)) * 10 * minuteMs + 500);
  await remember("token");
  world.clock.jump(-1_000);
  assert.equal((await find("token"))?.requestHash, "token");
});

test("tokens are swept away once none of their window is valid", async () => {
  const { world, ctx, remember, find } = await setUp();
  for (let count = 0; count < 30; count++) await remember(`early-${count}`);
  await world.clock.advance(15 * minuteMs);
  await remember("late");
  assert.equal(await find("early-0"), undefined);
  await world.clock.advance(8 * minuteMs);
  assert.ok(await find("late"));
  await world.clock.advance(30 * minuteMs);
  assert.equal(await storedTokens(ctx), 0);
});

test("equal requests have equal hashes, in whichever order their members come", () => {
  const request = [{ Put: { Item: { a: { S: "x" }, b: { L: [{ N: "1" }, { NULL: true }] } } } }];
  const reordered = [
    { Put: { Item: { b: { L: [{ N: "1" }, { NULL: true }] }, a: { S: "x" } }, Other: undefined } },
  ];
  assert.equal(hashOf(request), hashOf(reordered));
  const others: unknown[] = [
    [{ Put: { Item: { a: { S: "x" }, b: { L: [{ NULL: true }, { N: "1" }] } } } }],
    [{ Put: { Item: { a: { S: "x" } } } }],
    [{ Put: { Item: { a: { S: "x,b" } } } }],
    [{ Delete: { Item: { a: { S: "x" } } } }],
    [],
  ];
  const hashes = new Set([request, ...others].map(hashOf));
  assert.equal(hashes.size, others.length + 1);
});
