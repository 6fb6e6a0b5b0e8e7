import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type ConsumedCapacity,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { indexedTable, makeTable, plainTable } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

type Attributes = Record<string, AttributeValue>;

async function setUp() {
  const client = tule.dynamodb();
  await Promise.all([makeTable(client, plainTable), makeTable(client, indexedTable)]);
  const put = async (Item: Attributes, TableName: string) =>
    (await client.send(new PutItemCommand({ TableName, Item, ReturnConsumedCapacity: "INDEXES" })))
      .ConsumedCapacity;
  return { client, put };
}

const pk = (value: string): Attributes => ({ pk: { S: value } });
const key = (value: string, sk = 1): Attributes => ({ ...pk(value), sk: { N: String(sk) } });
const text = (length: number): AttributeValue => ({ S: "x".repeat(length) });
const unit = (CapacityUnits: number) => ({ CapacityUnits });

/** An answer in the form INDEXES, with the total that its parts make. */
function indexes(
  table: number,
  globals: Record<string, number> = {},
  locals: Record<string, number> = {},
  TableName = "indexed",
): ConsumedCapacity {
  const parts = [table, ...Object.values(globals), ...Object.values(locals)];
  const named = (units: Record<string, number>) =>
    Object.fromEntries(Object.entries(units).map(([name, count]) => [name, unit(count)]));
  return {
    TableName,
    CapacityUnits: parts.reduce((sum, part) => sum + part, 0),
    Table: unit(table),
    ...(Object.keys(globals).length > 0 && { GlobalSecondaryIndexes: named(globals) }),
    ...(Object.keys(locals).length > 0 && { LocalSecondaryIndexes: named(locals) }),
  };
}

test("a read costs half a unit for each 4 KB, twice that if consistent, and as much if nothing is there", async () => {
  covers("dynamodb.GetItem");
  const { client, put } = await setUp();
  const read = async (value: string, more: object) => {
    const command = new GetItemCommand({ TableName: "plain", Key: pk(value), ...more });
    return (await client.send(command)).ConsumedCapacity;
  };
  const TOTAL = { ReturnConsumedCapacity: "TOTAL" };
  const consistent = { ...TOTAL, ConsistentRead: true };
  assert.equal(await read("a", {}), undefined);
  assert.equal(await read("a", { ReturnConsumedCapacity: "NONE" }), undefined);
  assert.deepEqual(await read("a", TOTAL), { TableName: "plain", CapacityUnits: 0.5 });
  assert.deepEqual(await read("a", consistent), { TableName: "plain", CapacityUnits: 1 });
  assert.deepEqual(
    await read("a", { ReturnConsumedCapacity: "INDEXES" }),
    indexes(0.5, {}, {}, "plain"),
  );
  await put({ ...pk("a"), v: text(4096 - 4) }, "plain");
  assert.deepEqual(await read("a", TOTAL), { TableName: "plain", CapacityUnits: 0.5 });
  await put({ ...pk("a"), v: text(4096 - 3) }, "plain");
  assert.deepEqual(await read("a", TOTAL), { TableName: "plain", CapacityUnits: 1 });
  assert.deepEqual(await read("a", consistent), { TableName: "plain", CapacityUnits: 2 });
  // What the projection leaves out was read all the same.
  assert.deepEqual(await read("a", { ...TOTAL, ProjectionExpression: "pk" }), {
    TableName: "plain",
    CapacityUnits: 1,
  });
});

test("a write costs a unit for each KB of the larger of the item before and after", async () => {
  covers("dynamodb.PutItem", "dynamodb.UpdateItem", "dynamodb.DeleteItem");
  const { client, put } = await setUp();
  const total = (CapacityUnits: number) => ({ TableName: "plain", CapacityUnits });
  const update = async (expression: string, values?: Attributes) => {
    const command = new UpdateItemCommand({
      TableName: "plain",
      Key: pk("a"),
      UpdateExpression: expression,
      ExpressionAttributeValues: values,
      ReturnConsumedCapacity: "TOTAL",
    });
    return (await client.send(command)).ConsumedCapacity;
  };
  const remove = async () => {
    const command = new DeleteItemCommand({
      TableName: "plain",
      Key: pk("a"),
      ReturnConsumedCapacity: "TOTAL",
    });
    return (await client.send(command)).ConsumedCapacity;
  };
  assert.deepEqual(
    await put({ ...pk("a"), v: text(1024 - 4) }, "plain"),
    indexes(1, {}, {}, "plain"),
  );
  assert.deepEqual(await put({ ...pk("a"), v: text(3000) }, "plain"), indexes(3, {}, {}, "plain"));
  assert.deepEqual(await put(pk("a"), "plain"), indexes(3, {}, {}, "plain"));
  assert.deepEqual(await update("SET v = :v", { ":v": text(2000) }), total(2));
  assert.deepEqual(await update("SET n = :n", { ":n": { N: "1" } }), total(2));
  assert.deepEqual(await update("REMOVE v"), total(2));
  assert.deepEqual(await update("SET v = :v", { ":v": text(5000) }), total(5));
  assert.deepEqual(await remove(), total(5));
  assert.deepEqual(await remove(), total(1));
});

test("an index costs what changes in it: nothing, one write, or two if its key changes", async () => {
  covers("dynamodb.PutItem", "dynamodb.UpdateItem", "dynamodb.DeleteItem");
  const { client, put } = await setUp();
  const item = { ...key("a"), g: { S: "g" }, h: { N: "1" }, l: { S: "l" } };
  const all = { "by-g": 1, "by-h": 1 };
  assert.deepEqual(await put(key("b"), "indexed"), indexes(1));
  assert.deepEqual(await put(item, "indexed"), indexes(1, all, { "by-l": 1 }));
  assert.deepEqual(await put(item, "indexed"), indexes(1));
  // An attribute that `by-g` projects, and the others do not.
  assert.deepEqual(await put({ ...item, x: text(1) }, "indexed"), indexes(1, { "by-g": 1 }));
  assert.deepEqual(await put({ ...item, x: text(1), note: text(1) }, "indexed"), indexes(1, all));
  // Another key of `by-g`: one entry goes and one comes.
  assert.deepEqual(
    await put({ ...item, x: text(1), note: text(1), g: { S: "other" } }, "indexed"),
    indexes(1, { "by-g": 2 }),
  );
  const update = async (expression: string, values?: Attributes) => {
    const command = new UpdateItemCommand({
      TableName: "indexed",
      Key: key("a"),
      UpdateExpression: expression,
      ExpressionAttributeValues: values,
      ReturnConsumedCapacity: "INDEXES",
    });
    return (await client.send(command)).ConsumedCapacity;
  };
  assert.deepEqual(
    await update("SET l = :l", { ":l": { S: "m" } }),
    indexes(1, { "by-g": 1 }, { "by-l": 2 }),
  );
  assert.deepEqual(await update("REMOVE h"), indexes(1, { "by-g": 1, "by-h": 1 }));
  assert.deepEqual(await update("SET l = :l", { ":l": { S: "m" } }), indexes(1));
  const { ConsumedCapacity } = await client.send(
    new DeleteItemCommand({
      TableName: "indexed",
      Key: key("a"),
      ReturnConsumedCapacity: "INDEXES",
    }),
  );
  assert.deepEqual(ConsumedCapacity, indexes(1, { "by-g": 1 }, { "by-l": 1 }));
});

test("index writes cost by the size of the entries", async () => {
  covers("dynamodb.PutItem");
  const { put } = await setUp();
  // The same figures as DynamoDB Local's.
  const item = { ...key("a"), g: { S: "g" } };
  assert.deepEqual(await put({ ...item, z: text(3000) }, "indexed"), indexes(3, { "by-g": 3 }));
  assert.deepEqual(await put({ ...item, z: text(1500) }, "indexed"), indexes(3, { "by-g": 3 }));
  assert.deepEqual(
    await put({ ...item, g: { S: "gg" }, z: text(5500) }, "indexed"),
    indexes(6, { "by-g": 8 }),
  );
});

test("batches sum up by table", async () => {
  covers("dynamodb.BatchWriteItem", "dynamodb.BatchGetItem");
  const { client } = await setUp();
  const write = await client.send(
    new BatchWriteItemCommand({
      RequestItems: {
        plain: [
          { PutRequest: { Item: { ...pk("a"), v: text(1500) } } },
          { PutRequest: { Item: pk("b") } },
          { DeleteRequest: { Key: pk("nobody") } },
        ],
        indexed: [{ PutRequest: { Item: { ...key("a"), g: { S: "g" }, l: { S: "l" } } } }],
      },
      ReturnConsumedCapacity: "INDEXES",
    }),
  );
  assert.deepEqual(write.ConsumedCapacity, [
    indexes(4, {}, {}, "plain"),
    indexes(1, { "by-g": 1 }, { "by-l": 1 }),
  ]);
  const read = await client.send(
    new BatchGetItemCommand({
      RequestItems: {
        plain: { Keys: [pk("a"), pk("b"), pk("nobody")] },
        indexed: { Keys: [key("a")], ConsistentRead: true },
      },
      ReturnConsumedCapacity: "TOTAL",
    }),
  );
  assert.deepEqual(read.ConsumedCapacity, [
    { TableName: "plain", CapacityUnits: 1.5 },
    { TableName: "indexed", CapacityUnits: 1 },
  ]);
});

test("a transaction reads each item at twice the cost, missing ones too", async () => {
  covers("dynamodb.TransactGetItems");
  const { client, put } = await setUp();
  await put({ ...pk("a"), v: text(5000) }, "plain");
  const read = async (ReturnConsumedCapacity: "TOTAL" | "INDEXES") => {
    const command = new TransactGetItemsCommand({
      TransactItems: [
        { Get: { TableName: "plain", Key: pk("a") } },
        { Get: { TableName: "plain", Key: pk("nobody") } },
        { Get: { TableName: "indexed", Key: key("nobody") } },
      ],
      ReturnConsumedCapacity,
    });
    return (await client.send(command)).ConsumedCapacity;
  };
  const units = (count: number) => ({ CapacityUnits: count, ReadCapacityUnits: count });
  assert.deepEqual(await read("TOTAL"), [
    { TableName: "plain", ...units(6) },
    { TableName: "indexed", ...units(2) },
  ]);
  assert.deepEqual(await read("INDEXES"), [
    { TableName: "plain", ...units(6), Table: units(6) },
    { TableName: "indexed", ...units(2), Table: units(2) },
  ]);
});

test("a transaction writes to the table at twice the cost, and to its indexes at once", async () => {
  covers("dynamodb.TransactWriteItems");
  const { client, put } = await setUp();
  await put({ ...pk("large"), v: text(3000) }, "plain");
  const input: TransactWriteItemsCommandInput = {
    TransactItems: [
      { Put: { TableName: "indexed", Item: { ...key("a"), g: { S: "g" }, l: { S: "l" } } } },
      { Put: { TableName: "plain", Item: { ...pk("a"), v: text(1500) } } },
      { Delete: { TableName: "plain", Key: pk("large") } },
      {
        ConditionCheck: {
          TableName: "plain",
          Key: pk("nobody"),
          ConditionExpression: "attribute_not_exists(pk)",
        },
      },
    ],
    ClientRequestToken: "once",
    ReturnConsumedCapacity: "INDEXES",
  };
  const { ConsumedCapacity } = await client.send(new TransactWriteItemsCommand(input));
  const written = (count: number) => ({ CapacityUnits: count, WriteCapacityUnits: count });
  assert.deepEqual(ConsumedCapacity, [
    {
      TableName: "indexed",
      ...written(4),
      Table: written(2),
      GlobalSecondaryIndexes: { "by-g": written(1) },
      LocalSecondaryIndexes: { "by-l": written(1) },
    },
    { TableName: "plain", ...written(12), Table: written(12) },
  ]);
  // Said again, it is a read of the same items.
  const again = await client.send(
    new TransactWriteItemsCommand({ ...input, ReturnConsumedCapacity: "TOTAL" }),
  );
  const read = (count: number) => ({ CapacityUnits: count, ReadCapacityUnits: count });
  assert.deepEqual(again.ConsumedCapacity, [
    { TableName: "indexed", ...read(2) },
    { TableName: "plain", ...read(6) },
  ]);
});

test("item collections are measured on tables with local indexes alone", async () => {
  covers(
    "dynamodb.PutItem",
    "dynamodb.UpdateItem",
    "dynamodb.DeleteItem",
    "dynamodb.BatchWriteItem",
    "dynamodb.TransactWriteItems",
  );
  const { client } = await setUp();
  const ReturnItemCollectionMetrics = "SIZE";
  const metrics = { ItemCollectionKey: pk("a"), SizeEstimateRangeGB: [0, 1] };
  const put = (TableName: string, Item: Attributes, mode: "SIZE" | "NONE" = "SIZE") =>
    client.send(new PutItemCommand({ TableName, Item, ReturnItemCollectionMetrics: mode }));
  assert.deepEqual((await put("indexed", key("a"))).ItemCollectionMetrics, metrics);
  assert.equal((await put("indexed", key("a"), "NONE")).ItemCollectionMetrics, undefined);
  assert.equal((await put("plain", pk("a"))).ItemCollectionMetrics, undefined);
  const where = { TableName: "indexed", Key: key("a"), ReturnItemCollectionMetrics } as const;
  const updated = await client.send(new UpdateItemCommand(where));
  assert.deepEqual(updated.ItemCollectionMetrics, metrics);
  const deleted = await client.send(new DeleteItemCommand(where));
  assert.deepEqual(deleted.ItemCollectionMetrics, metrics);
  const batch = await client.send(
    new BatchWriteItemCommand({
      RequestItems: {
        indexed: [
          { PutRequest: { Item: key("a", 1) } },
          { PutRequest: { Item: key("a", 2) } },
          { DeleteRequest: { Key: key("b") } },
        ],
        plain: [{ PutRequest: { Item: pk("a") } }],
      },
      ReturnItemCollectionMetrics,
    }),
  );
  const both = { indexed: [metrics, { ItemCollectionKey: pk("b"), SizeEstimateRangeGB: [0, 1] }] };
  assert.deepEqual(batch.ItemCollectionMetrics, both);
  const transaction = await client.send(
    new TransactWriteItemsCommand({
      TransactItems: [
        { Put: { TableName: "plain", Item: pk("a") } },
        { Put: { TableName: "indexed", Item: key("a", 1) } },
        { Delete: { TableName: "indexed", Key: key("a", 2) } },
        { Update: { TableName: "indexed", Key: key("b"), UpdateExpression: "REMOVE x" } },
        {
          ConditionCheck: {
            TableName: "indexed",
            Key: key("c"),
            ConditionExpression: "attribute_not_exists(pk)",
          },
        },
      ],
      ReturnItemCollectionMetrics,
    }),
  );
  assert.deepEqual(transaction.ItemCollectionMetrics, both);
});
