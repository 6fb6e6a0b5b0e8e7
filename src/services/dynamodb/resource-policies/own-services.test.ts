import assert from "node:assert/strict";
import test from "node:test";
import { type Principal, rootOf, serviceIn } from "#kernel/identity.ts";
import { Kernel } from "#kernel/kernel.ts";
import { silentLog } from "#kernel/log.ts";
import { memoryStore } from "#store/open.ts";
import { realWorld } from "#world/real.ts";
import { dynamodb } from "../service.ts";

const account = "111122223333";
const region = "us-east-1";
const TableName = "songs";

test("a table's policy does not stand between its account and the account's own services", async () => {
  const world = realWorld();
  const kernel = new Kernel({ world, store: memoryStore(), services: [dynamodb], log: silentLog });
  await kernel.start();
  const call = (operation: string, input: object, caller: Principal): Promise<unknown> => {
    const origin = { service: "dynamodb", operation, account, region, requestId: "r", caller };
    return kernel.call({ ...origin, account: caller.account }, input);
  };
  const root = rootOf(account);
  await call(
    "CreateTable",
    {
      TableName,
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    },
    root,
  );
  assert.equal(await kernel.settled(5_000), true);
  const ResourceArn = `arn:aws:dynamodb:${region}:${account}:table/${TableName}`;
  const Principal = { AWS: "444455556666" };
  const statement = { Effect: "Allow", Principal, Action: "dynamodb:GetItem", Resource: "*" };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: statement });
  await call("PutResourcePolicy", { ResourceArn, Policy }, root);
  const key = { Key: { id: { S: "a" } } };
  assert.deepEqual(await call("GetItem", { TableName, ...key }, serviceIn(account, "dax")), {});
  // Another account's service is let in by name alone.
  const foreign = serviceIn("444455556666", "dax");
  await assert.rejects(
    call("GetItem", { TableName: ResourceArn, ...key }, foreign),
    /dax\.amazonaws\.com is not authorized/,
  );
  await kernel.stop();
});
