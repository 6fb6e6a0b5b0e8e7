import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  BatchWriteItemCommand,
  type BatchWriteItemCommandInput,
  GetItemCommand,
  type KeysAndAttributes,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { indexedTable, makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

type Attributes = Record<string, AttributeValue>;

async function setUp() {
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  await Promise.all([makeTable(client, plainTable), makeTable(client, indexedTable)]);
  return {
    account,
    client,
    read: (RequestItems: NonNullable<BatchGetItemCommandInput["RequestItems"]>) =>
      client.send(new BatchGetItemCommand({ RequestItems })),
    write: (RequestItems: NonNullable<BatchWriteItemCommandInput["RequestItems"]>) =>
      client.send(new BatchWriteItemCommand({ RequestItems })),
    get: async (TableName: string, Key: Attributes) =>
      (await client.send(new GetItemCommand({ TableName, Key }))).Item,
    put: (Item: Attributes, TableName = "plain") =>
      client.send(new PutItemCommand({ TableName, Item })),
  };
}

const pk = (value: string): Attributes => ({ pk: { S: value } });
const key = (value: string, sk: number): Attributes => ({ ...pk(value), sk: { N: String(sk) } });
const put = (Item: Attributes) => ({ PutRequest: { Item } });
const remove = (Key: Attributes) => ({ DeleteRequest: { Key } });
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const invalid = (message: string): string => `ValidationException: ${message}`;
const parameters = "One or more parameter values were invalid: ";
const duplicates = invalid("Provided list of item keys contains duplicates");
const mismatch = invalid("The provided key element does not match the schema");

test("BatchWriteItem puts and deletes items of several tables", async () => {
  covers("dynamodb.BatchWriteItem");
  const { write, get, put: putOne } = await setUp();
  await putOne(pk("old"));
  const answer = await write({
    plain: [put({ ...pk("new"), v: { BOOL: true } }), remove(pk("old")), remove(pk("nobody"))],
    indexed: [put({ ...key("a", 1), g: { S: "g" } }), put(key("a", 2))],
  });
  assert.deepEqual(answer.UnprocessedItems, {});
  assert.equal(answer.ConsumedCapacity, undefined);
  assert.equal(answer.ItemCollectionMetrics, undefined);
  assert.deepEqual(await get("plain", pk("new")), { ...pk("new"), v: { BOOL: true } });
  assert.equal(await get("plain", pk("old")), undefined);
  assert.deepEqual(await get("indexed", key("a", 1)), { ...key("a", 1), g: { S: "g" } });
  assert.deepEqual(await get("indexed", key("a", 2)), key("a", 2));
});

test("BatchWriteItem takes 25 items of 400 KB", async () => {
  covers("dynamodb.BatchWriteItem");
  const { account } = await setUp();
  const client = tule.dynamodb(account);
  const v = { S: "x".repeat(400_000) };
  const requests = numbers(25).map((index) => put({ ...pk(`large-${index}`), v }));
  const { UnprocessedItems } = await client.send(
    new BatchWriteItemCommand({ RequestItems: { plain: requests } }),
  );
  assert.deepEqual(UnprocessedItems, {});
  for (const index of [0, 24]) {
    const Key = pk(`large-${index}`);
    const { Item } = await client.send(new GetItemCommand({ TableName: "plain", Key }));
    assert.equal(Item?.["v"]?.S?.length, 400_000);
  }
});

test("BatchWriteItem takes at most 25 requests in all", async () => {
  covers("dynamodb.BatchWriteItem");
  const { write } = await setUp();
  assert.match(
    await refusal(write({ plain: numbers(26).map((index) => remove(pk(`k${index}`))) })),
    /^ValidationException: 1 validation error detected: .*less than or equal to 25/,
  );
  assert.equal(
    await refusal(
      write({
        plain: numbers(13).map((index) => remove(pk(`k${index}`))),
        indexed: numbers(13).map((index) => remove(key("a", index))),
      }),
    ),
    invalid("Too many items requested for the BatchWriteItem call"),
  );
});

test("BatchWriteItem writes nothing if any of its requests is wrong", async () => {
  covers("dynamodb.BatchWriteItem");
  const { write, get } = await setUp();
  const good = put(pk("good"));
  const cases: [Parameters<typeof write>[0], string][] = [
    [{ plain: [good, put(pk("a")), remove(pk("a"))] }, duplicates],
    [{ plain: [good, put({ pk: { N: "5" } })] }, mismatch],
    [{ plain: [good, put({ pk: { L: [{ S: "x" }] } })] }, mismatch],
    [{ plain: [good, put({ other: { S: "x" } })] }, mismatch],
    [{ plain: [good, remove({ other: { S: "x" } })] }, mismatch],
    [{ plain: [good, remove({ ...pk("a"), other: { S: "x" } })] }, mismatch],
    [
      { plain: [good, put(pk(""))] },
      invalid(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
      ),
    ],
    [
      { plain: [good], indexed: [put({ ...key("a", 1), g: { N: "1" } })] },
      invalid(`${parameters}Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g`),
    ],
    [
      { plain: [good, put({ ...pk("a"), v: { S: "x".repeat(410_000) } })] },
      invalid("Item size has exceeded the maximum allowed size"),
    ],
    [
      { plain: [good, put({ ...pk("a"), n: { N: "" } })] },
      invalid("The parameter cannot be converted to a numeric value"),
    ],
    [
      { plain: [good, put({ ...pk("a"), s: { SS: ["b", "a", "b"] } })] },
      invalid(`${parameters}Input collection [b, a, b] contains duplicates.`),
    ],
    [
      { plain: [good, {}] },
      invalid(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
      ),
    ],
    [
      { plain: [good, { ...put(pk("a")), ...remove(pk("a")) }] },
      invalid(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
      ),
    ],
    [
      { plain: [good], nobody: [put(pk("a"))] },
      "ResourceNotFoundException: Requested resource not found",
    ],
  ];
  for (const [request, message] of cases) assert.equal(await refusal(write(request)), message);
  assert.equal(await get("plain", pk("good")), undefined);
});

test("a bad request behind more than a transaction's worth of items writes nothing either", async () => {
  covers("dynamodb.BatchWriteItem");
  const { write, get } = await setUp();
  const v = { S: "x".repeat(300_000) };
  const requests = numbers(5).map((index) => put({ ...pk(`k${index}`), v }));
  assert.equal(await refusal(write({ plain: [...requests, put({ pk: { N: "5" } })] })), mismatch);
  assert.equal(await get("plain", pk("k0")), undefined);
});

test("BatchGetItem reads items of several tables, each as asked", async () => {
  covers("dynamodb.BatchGetItem");
  const { read, put: putOne } = await setUp();
  await putOne({ ...pk("a"), x: { N: "1" }, y: { N: "2" } });
  await putOne({ ...pk("b"), x: { N: "3" } });
  await putOne({ ...key("a", 1), g: { S: "g" } }, "indexed");
  const { Responses, UnprocessedKeys, ConsumedCapacity } = await read({
    plain: {
      Keys: [pk("a"), pk("b"), pk("nobody")],
      ProjectionExpression: "#x",
      ExpressionAttributeNames: { "#x": "x" },
    },
    indexed: { Keys: [key("a", 1)], ConsistentRead: true },
  });
  assert.deepEqual(Responses, {
    plain: [{ x: { N: "1" } }, { x: { N: "3" } }],
    indexed: [{ ...key("a", 1), g: { S: "g" } }],
  });
  assert.deepEqual(UnprocessedKeys, {});
  assert.equal(ConsumedCapacity, undefined);
  const legacy = await read({ plain: { Keys: [pk("a")], AttributesToGet: ["y"] } });
  assert.deepEqual(legacy.Responses, { plain: [{ y: { N: "2" } }] });
  const nothing = await read({ plain: { Keys: [pk("nobody")] } });
  assert.deepEqual(nothing.Responses, { plain: [] });
});

test("a table named by its ARN is answered under its ARN", async () => {
  covers("dynamodb.BatchGetItem", "dynamodb.BatchWriteItem");
  const { account, read, write } = await setUp();
  const arn = `arn:aws:dynamodb:us-east-1:${account}:table/plain`;
  await write({ [arn]: [put(pk("a"))] });
  assert.deepEqual((await read({ [arn]: { Keys: [pk("a")] } })).Responses, { [arn]: [pk("a")] });
});

test("BatchGetItem answers 16 MB and names the keys that are left", async () => {
  covers("dynamodb.BatchGetItem");
  const { client, write } = await setUp();
  const keyOf = (index: number) => pk(`k${String(index).padStart(2, "0")}`);
  // 300 KB with "pk", the key's value of three characters, and "v".
  const item = (index: number) => ({
    ...keyOf(index),
    v: { S: "x".repeat(300 * 1024 - 6) },
  });
  for (const start of [0, 20, 40]) {
    await write({ plain: numbers(20).map((index) => put(item(start + index))) });
  }
  const request: KeysAndAttributes = {
    Keys: numbers(60).map(keyOf),
    ConsistentRead: true,
    ProjectionExpression: "#v",
    ExpressionAttributeNames: { "#v": "v" },
  };
  const { Responses, UnprocessedKeys, ConsumedCapacity } = await client.send(
    new BatchGetItemCommand({ RequestItems: { plain: request }, ReturnConsumedCapacity: "TOTAL" }),
  );
  // The figures of DynamoDB Local.
  assert.equal(Responses?.["plain"]?.length, 54);
  assert.deepEqual(UnprocessedKeys, { plain: { ...request, Keys: request.Keys?.slice(54) } });
  assert.deepEqual(ConsumedCapacity, [{ TableName: "plain", CapacityUnits: 54 * 75 }]);
});

test("BatchGetItem takes at most 100 keys in all, each once", async () => {
  covers("dynamodb.BatchGetItem");
  const { read } = await setUp();
  const Keys = (count: number) => numbers(count).map((index) => pk(`k${index}`));
  assert.match(
    await refusal(read({ plain: { Keys: Keys(101) } })),
    /^ValidationException: 1 validation error detected: .*less than or equal to 100/,
  );
  assert.equal(
    await refusal(
      read({
        plain: { Keys: Keys(60) },
        indexed: { Keys: numbers(60).map((index) => key("a", index)) },
      }),
    ),
    invalid("Too many items requested for the BatchGetItem call"),
  );
  assert.equal(await refusal(read({ plain: { Keys: [pk("a"), pk("b"), pk("a")] } })), duplicates);
  const reordered = { sk: { N: "1.0" }, pk: { S: "a" } };
  assert.equal(await refusal(read({ indexed: { Keys: [key("a", 1), reordered] } })), duplicates);
});

test("what is wrong with one table's keys or projection refuses the whole BatchGetItem", async () => {
  covers("dynamodb.BatchGetItem");
  const { read } = await setUp();
  const clean = { indexed: { Keys: [key("a", 1)] } };
  const bothForms =
    "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}";
  const cases: [Parameters<typeof read>[0], string][] = [
    [{ ...clean, plain: { Keys: [{ other: { S: "x" } }] } }, mismatch],
    [{ ...clean, plain: { Keys: [{ pk: { N: "1" } }] } }, mismatch],
    [
      { ...clean, plain: { Keys: [pk("")] } },
      invalid(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
      ),
    ],
    [
      { ...clean, plain: { Keys: [pk("a")], ProjectionExpression: "a", AttributesToGet: ["a"] } },
      invalid(bothForms),
    ],
    [
      {
        plain: { Keys: [pk("a")], AttributesToGet: ["a"] },
        indexed: { Keys: [key("a", 1)], ProjectionExpression: "a" },
      },
      invalid(bothForms),
    ],
    [
      { ...clean, plain: { Keys: [pk("a")], ProjectionExpression: "a, a" } },
      invalid(
        "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]",
      ),
    ],
    [
      { ...clean, nobody: { Keys: [pk("a")] } },
      "ResourceNotFoundException: Requested resource not found",
    ],
  ];
  for (const [request, message] of cases) assert.equal(await refusal(read(request)), message);
});
