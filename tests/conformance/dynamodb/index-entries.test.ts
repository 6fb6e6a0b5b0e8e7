import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { indexedTable, makeTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

type Attributes = Record<string, AttributeValue>;

async function setUp() {
  const client = tule.dynamodb();
  const TableName = await makeTable(client, indexedTable);
  return {
    client,
    put: (Item: Attributes) => client.send(new PutItemCommand({ TableName, Item })),
    /** What stands in an index, in no particular order. */
    entries: async (IndexName: string) => {
      const { Items } = await client.send(new ScanCommand({ TableName, IndexName }));
      return (Items ?? []).toSorted(
        (left, right) => Number(left["sk"]?.N) - Number(right["sk"]?.N),
      );
    },
    sizes: async () => {
      const { Table } = await client.send(new DescribeTableCommand({ TableName }));
      const all = [
        ...(Table?.GlobalSecondaryIndexes ?? []),
        ...(Table?.LocalSecondaryIndexes ?? []),
      ];
      return {
        table: [Table?.ItemCount, Table?.TableSizeBytes],
        ...Object.fromEntries(
          all.map((index) => [index.IndexName, [index.ItemCount, index.IndexSizeBytes]]),
        ),
      };
    },
  };
}

const S = (value: string): AttributeValue => ({ S: value });
const N = (value: number): AttributeValue => ({ N: String(value) });
const key = (value: string, sk: number): Attributes => ({ pk: S(value), sk: N(sk) });

test("an item stands in the indexes whose key attributes it has, with what they project", async () => {
  covers("dynamodb.PutItem", "dynamodb.Scan");
  const { put, entries } = await setUp();
  const full = { ...key("a", 1), g: S("g"), h: N(7), l: S("l"), note: S("n"), more: S("m") };
  await put(full);
  await put({ ...key("a", 2), g: S("g"), more: S("m") });
  await put({ ...key("a", 3), l: S("l"), note: S("n") });
  await put(key("a", 4));
  assert.deepEqual(await entries("by-g"), [full, { ...key("a", 2), g: S("g"), more: S("m") }]);
  assert.deepEqual(await entries("by-h"), [{ ...key("a", 1), h: N(7), note: S("n") }]);
  assert.deepEqual(await entries("by-l"), [
    { ...key("a", 1), l: S("l") },
    { ...key("a", 3), l: S("l") },
  ]);
});

test("indexes follow every way of writing", async () => {
  covers(
    "dynamodb.UpdateItem",
    "dynamodb.DeleteItem",
    "dynamodb.BatchWriteItem",
    "dynamodb.TransactWriteItems",
  );
  const { client, put, entries } = await setUp();
  const TableName = "indexed";
  const update = (sk: number, UpdateExpression: string, values?: Attributes) =>
    client.send(
      new UpdateItemCommand({
        TableName,
        Key: key("a", sk),
        UpdateExpression,
        ExpressionAttributeValues: values,
      }),
    );
  await put({ ...key("a", 1), h: N(1) });
  await update(1, "SET h = h + :one, note = :note", { ":one": N(1), ":note": S("n") });
  assert.deepEqual(await entries("by-h"), [{ ...key("a", 1), h: N(2), note: S("n") }]);
  await update(1, "REMOVE note");
  assert.deepEqual(await entries("by-h"), [{ ...key("a", 1), h: N(2) }]);
  await update(1, "REMOVE h");
  assert.deepEqual(await entries("by-h"), []);
  await update(2, "ADD h :one", { ":one": N(1) });
  await client.send(
    new BatchWriteItemCommand({
      RequestItems: {
        indexed: [
          { PutRequest: { Item: { ...key("a", 3), h: N(3) } } },
          { DeleteRequest: { Key: key("a", 2) } },
        ],
      },
    }),
  );
  assert.deepEqual(await entries("by-h"), [{ ...key("a", 3), h: N(3) }]);
  await client.send(
    new TransactWriteItemsCommand({
      TransactItems: [
        { Put: { TableName, Item: { ...key("a", 4), h: N(4) } } },
        { Delete: { TableName, Key: key("a", 3) } },
        {
          Update: {
            TableName,
            Key: key("a", 5),
            UpdateExpression: "SET h = :h",
            ExpressionAttributeValues: { ":h": N(5) },
          },
        },
      ],
    }),
  );
  assert.deepEqual(await entries("by-h"), [
    { ...key("a", 4), h: N(4) },
    { ...key("a", 5), h: N(5) },
  ]);
  await client.send(new DeleteItemCommand({ TableName, Key: key("a", 4) }));
  assert.deepEqual(await entries("by-h"), [{ ...key("a", 5), h: N(5) }]);
});

test("a write that is refused leaves the indexes as they were", async () => {
  covers("dynamodb.PutItem", "dynamodb.TransactWriteItems");
  const { client, put, entries } = await setUp();
  const TableName = "indexed";
  const old = { ...key("a", 1), g: S("old") };
  await put(old);
  await refusal(
    client.send(
      new PutItemCommand({
        TableName,
        Item: { ...key("a", 1), g: S("new") },
        ConditionExpression: "attribute_not_exists(pk)",
      }),
    ),
  );
  await refusal(
    client.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName, Item: { ...key("a", 1), g: S("new") } } },
          {
            ConditionCheck: {
              TableName,
              Key: key("a", 2),
              ConditionExpression: "attribute_exists(pk)",
            },
          },
        ],
      }),
    ),
  );
  assert.deepEqual(await entries("by-g"), [old]);
});

test("DescribeTable counts items and bytes of the table and of each index as they are", async () => {
  covers("dynamodb.DescribeTable");
  const { client, put, sizes } = await setUp();
  const empty = { table: [0, 0], "by-g": [0, 0], "by-h": [0, 0], "by-l": [0, 0] };
  assert.deepEqual(await sizes(), empty);
  // "pk" and "a": 3; "sk" and a number of one digit: 4; "g" and "gg": 3; "h" and a number: 3; "more" and "m": 5.
  await put({ ...key("a", 1), g: S("gg"), h: N(1), more: S("m") });
  assert.deepEqual(await sizes(), {
    table: [1, 18],
    "by-g": [1, 18],
    "by-h": [1, 10],
    "by-l": [0, 0],
  });
  await put({ ...key("a", 2), l: S("l") });
  await put({ ...key("a", 1), g: S("ggg") });
  assert.deepEqual(await sizes(), {
    table: [2, 20],
    "by-g": [1, 11],
    "by-h": [0, 0],
    "by-l": [1, 9],
  });
  for (const sk of [1, 2]) {
    await client.send(new DeleteItemCommand({ TableName: "indexed", Key: key("a", sk) }));
  }
  assert.deepEqual(await sizes(), empty);
});

test("many items may agree in an index's key, however long their own keys are", async () => {
  covers("dynamodb.BatchWriteItem", "dynamodb.Query");
  const { client } = await setUp();
  const longKey = (letter: string) => letter.repeat(2048);
  const Items = ["a", "b", "c"].flatMap((letter) =>
    [1, 2, 3].map((sk) => ({ ...key(longKey(letter), sk), g: S("x".repeat(2048)) })),
  );
  await client.send(
    new BatchWriteItemCommand({
      RequestItems: { indexed: Items.map((Item) => ({ PutRequest: { Item } })) },
    }),
  );
  const query = async () => {
    const answer = await client.send(
      new QueryCommand({
        TableName: "indexed",
        IndexName: "by-g",
        KeyConditionExpression: "g = :g",
        ExpressionAttributeValues: { ":g": S("x".repeat(2048)) },
      }),
    );
    return answer.Items ?? [];
  };
  const shown = (items: Attributes[]) =>
    new Set(items.map((item) => JSON.stringify([item["pk"], item["sk"]])));
  assert.deepEqual(shown(await query()), shown(Items));
  await client.send(new DeleteItemCommand({ TableName: "indexed", Key: key(longKey("b"), 2) }));
  assert.equal((await query()).length, Items.length - 1);
});

test("an index may have several partition and sort attributes, and holds the items that have all", async () => {
  covers("dynamodb.PutItem", "dynamodb.Query");
  const client = tule.dynamodb();
  const TableName = await makeTable(client, {
    TableName: "games",
    AttributeDefinitions: ["id", "tournament", "region", "round", "bracket"].map(
      (AttributeName) => ({
        AttributeName,
        AttributeType: AttributeName === "round" ? "N" : "S",
      }),
    ),
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
    GlobalSecondaryIndexes: [
      {
        IndexName: "by-round",
        KeySchema: [
          { AttributeName: "tournament", KeyType: "HASH" },
          { AttributeName: "region", KeyType: "HASH" },
          { AttributeName: "round", KeyType: "RANGE" },
          { AttributeName: "bracket", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
  });
  const game = (id: string, region: string, round: number, bracket?: string): Attributes => ({
    id: S(id),
    tournament: S("t"),
    region: S(region),
    round: N(round),
    ...(bracket !== undefined && { bracket: S(bracket) }),
  });
  const games = [
    game("1", "east", 10, "a"),
    game("2", "east", 9, "b"),
    game("3", "east", 9, "a"),
    game("4", "west", 1, "a"),
    game("5", "east", 9),
  ];
  for (const Item of games) await client.send(new PutItemCommand({ TableName, Item }));
  const { Items } = await client.send(
    new QueryCommand({
      TableName,
      IndexName: "by-round",
      KeyConditionExpression: "tournament = :t AND #region = :r",
      ExpressionAttributeNames: { "#region": "region" },
      ExpressionAttributeValues: { ":t": S("t"), ":r": S("east") },
    }),
  );
  assert.deepEqual(Items, [games[2], games[1], games[0]]);
  assert.equal(
    await refusal(
      client.send(
        new PutItemCommand({ TableName, Item: { ...game("6", "east", 1), bracket: N(1) } }),
      ),
    ),
    "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key bracket Expected: S Actual: N IndexName: by-round",
  );
});
