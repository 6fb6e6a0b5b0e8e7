import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cluster } from "@aws-sdk/client-dax";
import {
  DeleteTableCommand,
  GetItemCommand,
  PutItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import {
  daxClient,
  daxControl,
  makeCluster,
  makeTable,
  type DaxDocument,
} from "../../support/dax.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

interface Setting {
  readonly account: string;
  readonly client: DaxDocument;
  readonly dynamodb: DynamoDBClient;
  readonly cluster: Cluster;
}

/** A cluster, AWS's client for it, and what is behind it. */
async function setUp(nodes = 1): Promise<Setting> {
  const account = tule.newAccount();
  const control = await daxControl(tule, account);
  const cluster = await makeCluster(control, { ClusterName: "songs", ReplicationFactor: nodes });
  return {
    account,
    cluster,
    client: daxClient(cluster, account),
    dynamodb: tule.dynamodb(account),
  };
}

const everything: Record<string, AttributeValue> = {
  s: { S: "text ☃" },
  empty: { S: "" },
  n: { N: "-12345.6789" },
  whole: { N: "9007199254740993" },
  tiny: { N: "0.00000000000000000000000000000000000000000123" },
  zero: { N: "0" },
  b: { B: Buffer.from([0, 1, 254, 255]) },
  t: { BOOL: true },
  nothing: { NULL: true },
  ss: { SS: ["a", "b"] },
  ns: { NS: ["1", "2.5"] },
  bs: { BS: [Buffer.from([1]), Buffer.from([2, 3])] },
  l: { L: [{ S: "x" }, { N: "1" }, { L: [] }] },
  m: { M: { inner: { M: { deep: { BOOL: false } } }, none: { M: {} } } },
};

describe("AWS's JavaScript client for DAX", () => {
  test("writes and reads values of every type", async () => {
    const { client, dynamodb } = await setUp();
    await makeTable(dynamodb, "Types", ["id:S"]);
    const Key = { id: { S: "1" } };
    await client.putItem({ TableName: "Types", Item: { ...Key, ...everything } });
    const behind = await dynamodb.send(new GetItemCommand({ TableName: "Types", Key }));
    const cached = await client.getItem({ TableName: "Types", Key });
    for (const [name, value] of Object.entries(everything)) {
      assert.deepEqual(plain(behind.Item?.[name]), plain(value), name);
    }
    // The client writes very small numbers with an exponent.
    assert.deepEqual(cached.Item?.["tiny"], { N: "1.23E-42" });
    const { tiny: _, ...rest } = everything;
    for (const [name, value] of Object.entries(rest)) {
      assert.deepEqual(plain(cached.Item?.[name]), plain(value), name);
    }
  });

  test("finds items by keys of every type", async () => {
    const { client, dynamodb } = await setUp();
    const values: Record<string, AttributeValue[]> = {
      S: [{ S: "a" }, { S: "é☃" }],
      N: ["0", "1", "-1", "1.5", "-0.001", "123456789.123", "1000000000000", "-98765"].map((N) => ({
        N,
      })),
      B: [{ B: Buffer.from([1, 2, 3]) }, { B: Buffer.from([255]) }],
    };
    for (const partition of ["S", "N", "B"]) {
      for (const sort of [undefined, "S", "N", "B"]) {
        const TableName = `Keys-${partition}-${sort ?? "none"}`;
        const names = sort === undefined ? ([`p:${partition}`] as const) : undefined;
        await makeTable(dynamodb, TableName, names ?? [`p:${partition}`, `s:${sort}`]);
        for (const p of values[partition]!) {
          for (const s of sort === undefined ? [undefined] : values[sort]!) {
            const Key = { p, ...(s === undefined ? {} : { s }) };
            const v = { S: JSON.stringify([p, s]) };
            await client.putItem({ TableName, Item: { ...Key, v } });
            const behind = await dynamodb.send(
              new GetItemCommand({ TableName, Key, ConsistentRead: true }),
            );
            assert.deepEqual(behind.Item?.["v"], v, TableName);
            const read = await client.getItem({ TableName, Key });
            assert.deepEqual(read.Item?.["v"], v, TableName);
          }
        }
        const all = await client.scan({ TableName, Limit: 1 });
        assert.equal(all.Count, 1);
        const rest = await client.scan({ TableName, ExclusiveStartKey: all.LastEvaluatedKey });
        const count = values[partition]!.length * (sort === undefined ? 1 : values[sort]!.length);
        assert.equal(rest.Count, count - 1, TableName);
      }
    }
  });

  test("updates by expressions, and gets back what it asks for", async () => {
    const { client, dynamodb } = await setUp();
    await makeTable(dynamodb, "Songs", ["artist:S", "title:S"]);
    const Key = { artist: "A", title: "T" };
    const TableName = "Songs";
    const put = await client.put({
      TableName,
      Item: { ...Key, plays: 1, tags: ["x"], old: "gone", info: { year: 1999 } },
      ReturnValues: "ALL_OLD",
      ReturnConsumedCapacity: "TOTAL",
    });
    assert.equal(put.Attributes, undefined);
    assert.equal(put.ConsumedCapacity?.CapacityUnits, 1);
    const updated = await client.update({
      TableName,
      Key,
      UpdateExpression:
        "SET plays = plays + :one, tags = list_append(tags, :more), #info.#y = if_not_exists(#info.missing, :year) REMOVE old ADD #score :score",
      ConditionExpression:
        "(attribute_exists(plays) AND plays BETWEEN :zero AND :nine) OR NOT contains(tags, :y)",
      ExpressionAttributeNames: { "#info": "info", "#y": "year", "#score": "score" },
      ExpressionAttributeValues: {
        ":one": 1,
        ":more": ["y"],
        ":year": 2001,
        ":score": 2.5,
        ":zero": 0,
        ":nine": 9,
        ":y": "y",
      },
      ReturnValues: "ALL_NEW",
    });
    const after = { ...Key, plays: 2, tags: ["x", "y"], info: { year: 2001 }, score: 2.5 };
    assert.deepEqual(updated.Attributes, after);
    assert.deepEqual((await client.get({ TableName, Key })).Item, after);
    const changed = await client.update({
      TableName,
      Key,
      UpdateExpression: "SET plays = :ten",
      ExpressionAttributeValues: { ":ten": 10 },
      ReturnValues: "UPDATED_NEW",
    });
    assert.deepEqual(changed.Attributes, { plays: 10 });
    assert.equal((await client.get({ TableName, Key })).Item?.["plays"], 10);
    const deleted = await client.delete({ TableName, Key, ReturnValues: "ALL_OLD" });
    assert.deepEqual(deleted.Attributes, { ...after, plays: 10 });
    assert.equal((await client.get({ TableName, Key })).Item, undefined);
  });

  test("reads projections of whole items", async () => {
    const { client, dynamodb } = await setUp();
    await makeTable(dynamodb, "Songs", ["id:S"]);
    const item = { id: "1", a: { b: [1, 2, { c: "deep" }] }, other: true };
    await client.put({ TableName: "Songs", Item: item });
    const read = (ProjectionExpression: string, names?: Record<string, string>): Promise<unknown> =>
      client
        .get({
          TableName: "Songs",
          Key: { id: "1" },
          ProjectionExpression,
          ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
        })
        .then((found) => found.Item);
    assert.deepEqual(await read("id, other"), { id: "1", other: true });
    assert.deepEqual(await read("#a.b[2].c, missing", { "#a": "a" }), {
      a: { b: [{ c: "deep" }] },
    });
    await assert.rejects(read("a, a.b"), {
      name: /Validation|Error/,
      message: /Two document paths overlap/,
    });
  });

  test("queries and scans, tables and indexes, page by page", async () => {
    const { client, dynamodb } = await setUp();
    const TableName = "Songs";
    await makeTable(dynamodb, TableName, ["artist:S", "number:N"], {
      AttributeDefinitions: [{ AttributeName: "year", AttributeType: "N" }],
      GlobalSecondaryIndexes: [
        {
          IndexName: "byYear",
          KeySchema: [{ AttributeName: "year", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      ],
    });
    for (let number = 0; number < 10; number += 1) {
      const Item = {
        artist: "A",
        number,
        year: 1990 + (number % 2),
        even: number % 2 === 0,
        title: "T",
      };
      await client.put({ TableName, Item });
    }
    const numbers = (items?: Record<string, unknown>[]): unknown =>
      items?.map((item) => item["number"]);
    const queried = await client.query({
      TableName,
      KeyConditionExpression: "artist = :a AND #n BETWEEN :low AND :high",
      FilterExpression: "even IN (:yes, :maybe) AND size(#title) = :one",
      ExpressionAttributeNames: { "#n": "number", "#title": "title" },
      ExpressionAttributeValues: {
        ":a": "A",
        ":low": 2,
        ":high": 7,
        ":yes": true,
        ":maybe": "maybe",
        ":one": 1,
      },
      ScanIndexForward: false,
    });
    assert.deepEqual(numbers(queried.Items), [6, 4, 2]);
    assert.equal(queried.ScannedCount, 6);
    const condition = {
      TableName,
      KeyConditionExpression: "artist = :a",
      ExpressionAttributeValues: { ":a": "A" },
    };
    const first = await client.query({ ...condition, Limit: 4 });
    assert.deepEqual(first.LastEvaluatedKey, { artist: "A", number: 3 });
    const next = await client.query({ ...condition, ExclusiveStartKey: first.LastEvaluatedKey });
    assert.deepEqual(numbers(next.Items), [4, 5, 6, 7, 8, 9]);
    const counted = await client.query({ ...condition, Select: "COUNT" });
    assert.equal(counted.Count, 10);
    assert.equal(counted.Items, undefined);
    const byYear = {
      TableName,
      IndexName: "byYear",
      KeyConditionExpression: "#y = :y",
      ExpressionAttributeNames: { "#y": "year" },
      ExpressionAttributeValues: { ":y": 1991 },
    };
    const page = await client.query({ ...byYear, Limit: 2 });
    assert.equal(page.Items?.length, 2);
    assert.deepEqual(Object.keys(page.LastEvaluatedKey ?? {}).sort(), ["artist", "number", "year"]);
    const others = await client.query({ ...byYear, ExclusiveStartKey: page.LastEvaluatedKey });
    assert.equal(others.Items?.length, 3);
    const projected = await client.scan({
      TableName,
      ProjectionExpression: "#n",
      FilterExpression: "#n > :six",
      ExpressionAttributeNames: { "#n": "number" },
      ExpressionAttributeValues: { ":six": 6 },
      ReturnConsumedCapacity: "TOTAL",
    });
    assert.deepEqual(projected.Items, [{ number: 7 }, { number: 8 }, { number: 9 }]);
    assert.equal(projected.ConsumedCapacity?.CapacityUnits, 0.5);
    const segments = await Promise.all(
      [0, 1, 2].map((Segment) => client.scan({ TableName, Segment, TotalSegments: 3 })),
    );
    assert.equal(
      segments.reduce((sum, { Count = 0 }) => sum + Count, 0),
      10,
    );
  });

  test("reads and writes in batches over several tables", async () => {
    const { client, dynamodb } = await setUp();
    await makeTable(dynamodb, "One", ["id:S"]);
    await makeTable(dynamodb, "Two", ["id:N", "sort:S"]);
    const written = await client.batchWrite({
      RequestItems: {
        One: [
          { PutRequest: { Item: { id: "a", v: 1 } } },
          { PutRequest: { Item: { id: "b", v: 2, more: [true] } } },
        ],
        Two: [{ PutRequest: { Item: { id: 7, sort: "x", v: 3 } } }],
      },
      ReturnConsumedCapacity: "TOTAL",
    });
    assert.deepEqual(written.UnprocessedItems, {});
    assert.deepEqual(
      written.ConsumedCapacity?.map((one) => [one.TableName, one.CapacityUnits]),
      [
        ["One", 2],
        ["Two", 1],
      ],
    );
    const request = {
      RequestItems: {
        One: { Keys: [{ id: "b" }, { id: "a" }, { id: "none" }] },
        Two: { Keys: [{ id: 7, sort: "x" }], ProjectionExpression: "v" },
      },
    };
    const expected = {
      One: [
        { id: "b", v: 2, more: [true] },
        { id: "a", v: 1 },
      ],
      Two: [{ v: 3 }],
    };
    assert.deepEqual((await client.batchGet(request)).Responses, expected);
    // Again, now that all of it is cached, the missing one included.
    const again = await client.batchGet({ ...request, ReturnConsumedCapacity: "TOTAL" });
    assert.deepEqual(again.Responses, expected);
    assert.deepEqual(
      again.ConsumedCapacity?.map(({ CapacityUnits }) => CapacityUnits),
      [0, 0],
    );
    await client.batchWrite({ RequestItems: { One: [{ DeleteRequest: { Key: { id: "a" } } }] } });
    const left = await client.batchGet({ RequestItems: { One: { Keys: [{ id: "a" }] } } });
    assert.deepEqual(left.Responses, { One: [] });
  });

  test("reads and writes in transactions, and learns why one was cancelled", async () => {
    const { client, dynamodb } = await setUp();
    const TableName = "Accounts";
    await makeTable(dynamodb, TableName, ["id:S"]);
    await client.put({ TableName, Item: { id: "a", balance: 10 } });
    await client.put({ TableName, Item: { id: "gone", balance: 1 } });
    assert.equal((await client.get({ TableName, Key: { id: "a" } })).Item?.["balance"], 10);
    await client.transactWrite({
      TransactItems: [
        {
          Update: {
            TableName,
            Key: { id: "a" },
            UpdateExpression: "SET balance = balance - :five",
            ExpressionAttributeValues: { ":five": 5 },
          },
        },
        { Put: { TableName, Item: { id: "b", balance: 5 } } },
        { Delete: { TableName, Key: { id: "gone" } } },
        {
          ConditionCheck: {
            TableName,
            Key: { id: "c" },
            ConditionExpression: "attribute_not_exists(id)",
          },
        },
      ],
    });
    const read = await client.transactGet({
      TransactItems: [
        { Get: { TableName, Key: { id: "a" } } },
        { Get: { TableName, Key: { id: "b" }, ProjectionExpression: "balance" } },
        { Get: { TableName, Key: { id: "gone" } } },
      ],
      ReturnConsumedCapacity: "TOTAL",
    });
    assert.deepEqual(read.Responses, [
      { Item: { id: "a", balance: 5 } },
      { Item: { balance: 5 } },
      {},
    ]);
    assert.equal(read.ConsumedCapacity?.[0]?.CapacityUnits, 6);
    assert.equal((await client.get({ TableName, Key: { id: "a" } })).Item?.["balance"], 5);
    assert.equal((await client.get({ TableName, Key: { id: "gone" } })).Item, undefined);
    const failed = client.transactWrite({
      TransactItems: [
        {
          Put: {
            TableName,
            Item: { id: "a", balance: 0 },
            ConditionExpression: "balance > :lots",
            ExpressionAttributeValues: { ":lots": 100 },
            ReturnValuesOnConditionCheckFailure: "ALL_OLD",
          },
        },
        { Delete: { TableName, Key: { id: "b" } } },
      ],
    });
    await assert.rejects(
      failed,
      (error: Error & { code?: string; cancellationReasons?: unknown }) => {
        assert.equal(error.code, "TransactionCanceledException");
        assert.deepEqual(error.cancellationReasons, [
          {
            Code: "ConditionalCheckFailed",
            Item: { id: { S: "a" }, balance: { N: "5" } },
            Message: "The conditional request failed",
          },
          { Code: "None", Item: null, Message: null },
        ]);
        return true;
      },
    );
  });

  test("is told DynamoDB's errors by their names", async () => {
    const { client, dynamodb } = await setUp();
    const TableName = "Songs";
    await makeTable(dynamodb, TableName, ["id:S"]);
    const Item = { id: "1" };
    await client.put({ TableName, Item });
    const again = client.put({
      TableName,
      Item,
      ConditionExpression: "attribute_not_exists(id)",
    });
    await assert.rejects(again, {
      code: "ConditionalCheckFailedException",
      message: /The conditional request failed/,
      statusCode: 400,
    });
    await assert.rejects(client.get({ TableName: "Missing", Key: { id: "1" } }), {
      code: "ResourceNotFoundException",
    });
    const wrong = client.update({
      TableName,
      Key: { id: "1" },
      UpdateExpression: "SET id = :x",
      ExpressionAttributeValues: { ":x": "2" },
    });
    await assert.rejects(wrong, { code: "ValidationException", message: /part of the key/ });
    await dynamodb.send(new DeleteTableCommand({ TableName }));
    await assert.rejects(client.put({ TableName, Item: { id: "2" } }), {
      code: "ResourceNotFoundException",
    });
  });

  test("reads what others wrote past the cluster when it asks for a consistent read", async () => {
    const { client, dynamodb } = await setUp();
    const TableName = "Songs";
    await makeTable(dynamodb, TableName, ["id:S"]);
    const read = async (ConsistentRead: boolean): Promise<unknown> =>
      (await client.get({ TableName, Key: { id: "1" }, ConsistentRead })).Item?.["v"];
    assert.equal(await read(false), undefined);
    const Item = { id: { S: "1" }, v: { S: "new" } };
    await dynamodb.send(new PutItemCommand({ TableName, Item }));
    assert.equal(await read(false), undefined, "that there is nothing was cached");
    assert.equal(await read(true), "new");
    assert.equal(await read(false), undefined, "a consistent read is not kept");
  });

  test("spreads reads over nodes that all know what was written", async () => {
    const { client, dynamodb } = await setUp(3);
    const TableName = "Songs";
    await makeTable(dynamodb, TableName, ["id:S"]);
    for (let round = 0; round < 20; round += 1) {
      await client.put({ TableName, Item: { id: "1", round } });
      const reads = await Promise.all(
        Array.from({ length: 6 }, () => client.get({ TableName, Key: { id: "1" } })),
      );
      assert.deepEqual(
        reads.map(({ Item }) => Item?.["round"]),
        Array.from({ length: 6 }, () => round),
      );
    }
  });

  test("reads items larger than a packet, many at a time", async () => {
    const { client, dynamodb } = await setUp();
    const TableName = "Large";
    await makeTable(dynamodb, TableName, ["id:S"]);
    const text = "x".repeat(390_000);
    await Promise.all(
      Array.from({ length: 20 }, (_, id) => client.put({ TableName, Item: { id: `${id}`, text } })),
    );
    const reads = await Promise.all(
      Array.from({ length: 20 }, (_, id) => client.get({ TableName, Key: { id: `${id}` } })),
    );
    for (const { Item } of reads) assert.equal(Item?.["text"].length, text.length);
  });

  test("is refused with another account's keys", async () => {
    const { cluster } = await setUp();
    const stranger = daxClient(cluster, tule.newAccount());
    await assert.rejects(stranger.get({ TableName: "Songs", Key: { id: "1" } }), {
      code: /AccessDenied/,
    });
  });
});

/** Sets have no order, and bytes come in several classes. */
function plain(value: AttributeValue | undefined): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, part: unknown) => {
      if (part instanceof Uint8Array) return Buffer.from(part).toString("hex");
      if (typeof part === "object" && part !== null && "type" in part && "data" in part) {
        return Buffer.from(part.data as number[]).toString("hex");
      }
      return part;
    }),
  );
}
