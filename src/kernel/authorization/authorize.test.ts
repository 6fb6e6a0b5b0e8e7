import assert from "node:assert/strict";
import test from "node:test";
import { memoryStore } from "#store/open.ts";
import { realWorld } from "#world/real.ts";
import type { Principal } from "../identity.ts";
import { rootOf, serviceIn } from "../identity.ts";
import { Kernel } from "../kernel.ts";
import { silentLog } from "../log.ts";
import { defineService } from "../service.ts";
import type { ServiceAccess } from "./access.ts";
import { AuthorizationNeeded } from "./authorize.ts";
import { compilePolicy } from "./compile-policy.ts";

const account = "111122223333";
const bob: Principal = {
  arn: `arn:aws:iam::${account}:user/Bob`,
  account,
  userId: "AIDABOB",
  kind: "user",
};

const access: ServiceAccess = {
  operations: {
    Read: { rules: [{ action: "box:Read", resource: "box/{Name}[/part/{Part}]" }] },
    ReadMany: {
      rules: [
        { action: "box:Read", resource: "box/{Name}", each: "Boxes[].One" },
        { action: "box:Count", resource: "*", ifGiven: "Count" },
      ],
      isCrossAccount: true,
    },
    ReadMap: { rules: [{ action: "box:Read", resource: "box/{key}", each: "Boxes{}" }] },
    Ask: { rules: [] },
  },
  resource: () => ({}),
};

/** Answers in which account a call ran; the users' one policy is what `statement` says. */
function kernelWith(
  statement: object,
): (operation: string, input: object, caller?: Principal) => Promise<unknown> {
  const run = (ctx: { account: string }): unknown => ctx.account;
  const guarded = (ctx: { account: string; isAuthorized: boolean }): unknown => {
    if (!ctx.isAuthorized) throw new AuthorizationNeeded();
    return ctx.account;
  };
  const box = defineService({
    name: "box",
    access,
    operations: { Read: run, ReadMany: guarded, ReadMap: run, Ask: run, Unmapped: run } as never,
  });
  const whole = { Effect: "Allow", Action: "*", Resource: "*", ...statement };
  const document = JSON.stringify({ Version: "2012-10-17", Statement: whole });
  const world = realWorld();
  const kernel = new Kernel({
    world,
    store: memoryStore(),
    services: [box],
    log: silentLog,
    policies: { policiesOf: () => ({ identity: [compilePolicy(document, "identity", "own")] }) },
  });
  return (operation, input, caller = bob) =>
    kernel.call(
      { service: "box", operation, account, region: "us-east-1", caller, requestId: "r-1" },
      input,
    );
}

const arn = (rest: string): string => `arn:aws:box:us-east-1:${account}:${rest}`;

test("a user may do what its policies allow, on the resources that the input names", async () => {
  const call = kernelWith({ Action: "box:Read", Resource: [arn("box/a"), arn("box/a/part/*")] });
  assert.equal(await call("Read", { Name: "a" }), account);
  assert.equal(await call("Read", { Name: "a", Part: "1" }), account);
  assert.equal(await call("Read", { Name: arn("box/a"), Part: "1" }), account);
  await assert.rejects(
    call("Read", { Name: "b" }),
    new RegExp(
      `^\\w+: User: ${bob.arn} is not authorized to perform: box:Read on resource: ${arn("box/b")} because`,
    ),
  );
  assert.equal(await call("ReadMany", { Boxes: [{ One: { Name: "a" } }, {}] }), account);
  await assert.rejects(
    call("ReadMany", { Boxes: [{ One: { Name: "a" } }, { One: { Name: "b" } }] }),
    /box:Read on resource: .*box\/b/,
  );
  await assert.rejects(call("ReadMany", { Boxes: [], Count: true }), /box:Count on resource: \*/);
  assert.equal(await call("ReadMap", { Boxes: { a: {} } }), account);
  await assert.rejects(call("ReadMap", { Boxes: { a: {}, b: {} } }), /box\/b/);
});

test("what no map names is denied to everybody but roots", async () => {
  const call = kernelWith({});
  await assert.rejects(call("Unmapped", {}), /not authorized to perform: box:Unmapped/);
  assert.equal(await call("Unmapped", {}, rootOf(account)), account);
  assert.equal(await call("Unmapped", {}, serviceIn(account, "sns")), account);
  assert.equal(await kernelWith({ Effect: "Deny" })("Ask", {}), account);
});

test("what a handler will not open unasked is decided on, also for root", async () => {
  const call = kernelWith({});
  const root = rootOf(account);
  assert.equal(await call("ReadMany", { Boxes: [{ One: { Name: "a" } }] }, root), account);
  const foreign = arn("box/a").replace(account, "444455556666");
  await assert.rejects(
    call("ReadMany", { Boxes: [{ One: { Name: foreign } }] }, root),
    /because no resource-based policy allows the box:Read action/,
  );
});

test("conditions see the request and whoever makes it", async () => {
  const input = { Name: "a" };
  const call = (Condition: object): Promise<unknown> => kernelWith({ Condition })("Read", input);
  await call({ StringEquals: { "aws:username": "Bob", "aws:RequestedRegion": "us-east-1" } });
  await call({ DateGreaterThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" } });
  await call({ NumericGreaterThan: { "aws:EpochTime": "1600000000" } });
  await call({ StringEquals: { "aws:ResourceAccount": account, "aws:PrincipalType": "User" } });
  await call({ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:user/B*" } });
  await assert.rejects(call({ StringEquals: { "aws:username": "Eve" } }), /not authorized/);
});
