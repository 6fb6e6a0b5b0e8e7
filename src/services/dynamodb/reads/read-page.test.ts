import assert from "node:assert/strict";
import test from "node:test";
import { Kernel } from "#kernel/kernel.ts";
import { rootOf } from "#kernel/identity.ts";
import { silentLog } from "#kernel/log.ts";
import type { Client } from "#kernel/service.ts";
import type { DynamoDB, Key } from "#models/dynamodb.ts";
import { LateEngine, LateServer } from "#store/engines/late.ts";
import { RemoteStore } from "#store/remote-store.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { dynamodb } from "../service.ts";

/*
 * Pages over a store whose answers come late: what a body reads is not at hand at first, so the body is suspended and
 * runs again, for each page of the store's and each item that is fetched.
 */

const account = "000000000000";

/** In an object: a client has a method of any name, and a promise would ask it for `then`. */
async function startClient(): Promise<{ readonly client: Client<DynamoDB> }> {
  const server = new LateServer(() => new Promise((resolve) => setImmediate(resolve)));
  const store = new RemoteStore(new LateEngine(server));
  const world = simulatedWorld({ seed: 1 });
  const kernel = new Kernel({ world, store, services: [dynamodb], log: silentLog });
  await kernel.start();
  const origin = {
    service: "dynamodb",
    account,
    region: "eu-west-1",
    caller: rootOf(account),
    requestId: "test",
  };
  const client = new Proxy({} as Client<DynamoDB>, {
    get: (_, operation: string) => (input: unknown) =>
      kernel.call({ ...origin, operation }, structuredClone(input)),
  });
  await client.CreateTable({
    TableName: "events",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "sk", AttributeType: "N" },
      { AttributeName: "rank", AttributeType: "N" },
    ],
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: "by-rank",
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "rank", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
  });
  for (;;) {
    const { Table: table } = await client.DescribeTable({ TableName: "events" });
    if (table?.TableStatus === "ACTIVE") return { client };
    await world.clock.advance(10);
  }
}

test("pages are right over a store that answers late, at each of its own pages and each fetch", async () => {
  const { client } = await startClient();
  const count = 130;
  for (let at = 0; at < count; at++) {
    await client.PutItem({
      TableName: "events",
      Item: {
        pk: { S: "p" },
        sk: { N: String(at) },
        rank: { N: String(-at) },
        text: { S: `text ${at}` },
      },
    });
  }
  const query = async (more: object, limit: number): Promise<number[]> => {
    const found: number[] = [];
    let start: Key | undefined;
    do {
      const page = await client.Query({
        TableName: "events",
        KeyConditionExpression: "pk = :p",
        ExpressionAttributeValues: { ":p": { S: "p" } },
        Limit: limit,
        ExclusiveStartKey: start,
        ...more,
      });
      // Items are stored JSON here, which an encoder would splice into its answer.
      const items = JSON.parse(JSON.stringify(page.Items)) as { text: { S: string } }[];
      found.push(...items.map(({ text }) => Number(text.S.slice("text ".length))));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return found;
  };
  const upward = Array.from({ length: count }, (_, at) => at);
  assert.deepEqual(await query({}, 1000), upward);
  assert.deepEqual(await query({}, 60), upward);
  assert.deepEqual(await query({ ScanIndexForward: false }, 49), upward.toReversed());
  const fetched = { IndexName: "by-rank", Select: "ALL_ATTRIBUTES" };
  assert.deepEqual(await query(fetched, 20), upward.toReversed());
});
