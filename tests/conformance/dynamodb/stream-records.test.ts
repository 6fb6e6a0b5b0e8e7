import assert from "node:assert/strict";
import test from "node:test";
import {
  BatchWriteItemCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  type DynamoDBClient,
  ExecuteStatementCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { type Image, type StreamRecord, StreamsClient } from "../../support/dynamodb-streams.ts";
import { makeTable } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const TableName = "streamed";

type ViewType = "KEYS_ONLY" | "NEW_IMAGE" | "OLD_IMAGE" | "NEW_AND_OLD_IMAGES";

const table = (StreamViewType: ViewType): CreateTableCommandInput => ({
  TableName,
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
  StreamSpecification: { StreamEnabled: true, StreamViewType },
});

interface Streamed {
  readonly client: DynamoDBClient;
  readonly streams: StreamsClient;
  /** All records so far, without what differs from run to run. */
  readonly records: () => Promise<readonly object[]>;
}

async function streamed(viewType: ViewType = "NEW_AND_OLD_IMAGES"): Promise<Streamed> {
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const streams = new StreamsClient(tule, account);
  await makeTable(client, table(viewType));
  const [arn] = await streams.list(TableName);
  return { client, streams, records: async () => (await streams.read(arn!)).map(plain) };
}

function plain({ eventName, dynamodb }: StreamRecord): object {
  const { ApproximateCreationDateTime: _at, SequenceNumber: _sequence, ...rest } = dynamodb;
  return { eventName, ...rest };
}

const StreamViewType = "NEW_AND_OLD_IMAGES";
const fred = { id: { S: "Fred" } };
const newKey = { id: { S: "NewKey" } };
const fredNamed = { ...fred, name: { S: "Fred" } };
const attributes = { attr1: { S: "value1" }, attr2: { S: "value2" } };

const put = (client: DynamoDBClient, Item: Image): Promise<unknown> =>
  client.send(new PutItemCommand({ TableName, Item }));

test("a batch's writes are recorded one by one (recorded)", async () => {
  covers("dynamodb.BatchWriteItem", "dynamodbstreams.GetRecords");
  const { client, records } = await streamed();
  const batch = (requests: object[]): Promise<unknown> =>
    client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
  await put(client, fred);
  await batch([{ PutRequest: { Item: fred } }, { PutRequest: { Item: newKey } }]);
  await batch([{ PutRequest: { Item: fredNamed } }, { DeleteRequest: { Key: newKey } }]);
  const found = await records();
  assert.deepEqual(found.slice(0, 2), [
    { eventName: "INSERT", Keys: fred, NewImage: fred, SizeBytes: 12, StreamViewType },
    { eventName: "INSERT", Keys: newKey, NewImage: newKey, SizeBytes: 16, StreamViewType },
  ]);
  assert.deepEqual(
    new Set(found.slice(2)),
    new Set([
      {
        eventName: "MODIFY",
        Keys: fred,
        NewImage: fredNamed,
        OldImage: fred,
        SizeBytes: 26,
        StreamViewType,
      },
      { eventName: "REMOVE", Keys: newKey, OldImage: newKey, SizeBytes: 16, StreamViewType },
    ]),
  );
});

test("a transaction's writes are recorded, and an equal put is none (recorded)", async () => {
  covers("dynamodb.TransactWriteItems", "dynamodbstreams.GetRecords");
  const { client, records } = await streamed();
  const transact = (...TransactItems: object[]): Promise<unknown> =>
    client.send(new TransactWriteItemsCommand({ TransactItems }));
  const updateOf = (Key: Image, UpdateExpression: string, values: Image): object => ({
    Update: { TableName, Key, UpdateExpression, ExpressionAttributeValues: values },
  });
  await put(client, fred);
  await transact({ Put: { TableName, Item: newKey } }, { Put: { TableName, Item: fred } });
  await transact(
    updateOf(newKey, "SET attr1 = :v1, attr2 = :v2", {
      ":v1": { S: "value1" },
      ":v2": { S: "value2" },
    }),
  );
  const missing = { id: { S: "NonExistentKey" } };
  await transact(updateOf(missing, "SET attr1 = :v1", { ":v1": { S: "value1" } }));
  await transact({ Delete: { TableName, Key: newKey } }, { Put: { TableName, Item: fredNamed } });
  const changed = { ...newKey, ...attributes };
  const inserted = { ...missing, attr1: { S: "value1" } };
  assert.deepEqual(await records(), [
    { eventName: "INSERT", Keys: fred, NewImage: fred, SizeBytes: 12, StreamViewType },
    { eventName: "INSERT", Keys: newKey, NewImage: newKey, SizeBytes: 16, StreamViewType },
    {
      eventName: "MODIFY",
      Keys: newKey,
      NewImage: changed,
      OldImage: newKey,
      SizeBytes: 46,
      StreamViewType,
    },
    { eventName: "INSERT", Keys: missing, NewImage: inserted, SizeBytes: 43, StreamViewType },
    { eventName: "REMOVE", Keys: newKey, OldImage: changed, SizeBytes: 38, StreamViewType },
    {
      eventName: "MODIFY",
      Keys: fred,
      NewImage: fredNamed,
      OldImage: fred,
      SizeBytes: 26,
      StreamViewType,
    },
  ]);
});

test("a record says where it comes from, when, and in which order (recorded)", async () => {
  covers("dynamodb.UpdateItem", "dynamodbstreams.GetRecords");
  const { client, streams } = await streamed();
  const key = { id: { S: "my-item-id" } };
  await put(client, { ...key, ...attributes });
  await client.send(
    new UpdateItemCommand({
      TableName,
      Key: key,
      UpdateExpression: "SET attr1 = :one, attr2 = :two",
      ExpressionAttributeValues: { ":one": { S: "value2" }, ":two": { S: "value3" } },
    }),
  );
  const [arn] = await streams.list(TableName);
  const [first, second] = await streams.read(arn!);
  assert.deepEqual(Object.keys(first!).sort(), [
    "awsRegion",
    "dynamodb",
    "eventID",
    "eventName",
    "eventSource",
    "eventVersion",
  ]);
  assert.equal(first!.eventVersion, "1.1");
  assert.equal(first!.eventSource, "aws:dynamodb");
  assert.equal(first!.awsRegion, "us-east-1");
  assert.match(first!.eventID, /^[0-9a-f]{32}$/);
  assert.notEqual(first!.eventID, second!.eventID);
  assert.equal(first!.dynamodb.SizeBytes, 46);
  assert.equal(second!.dynamodb.SizeBytes, 80);
  assert(Number.isInteger(first!.dynamodb.ApproximateCreationDateTime));
  const [one, other] = [first!.dynamodb.SequenceNumber, second!.dynamodb.SequenceNumber];
  assert.match(one, /^\d{21,40}$/);
  assert(one < other && BigInt(one) < BigInt(other));
});

test("each view type shows its images, and no others", async () => {
  covers("dynamodb.PutItem", "dynamodb.DeleteItem", "dynamodbstreams.GetRecords");
  const shown: Readonly<Record<ViewType, readonly (readonly string[])[]>> = {
    KEYS_ONLY: [[], [], []],
    NEW_IMAGE: [["NewImage"], ["NewImage"], []],
    OLD_IMAGE: [[], ["OldImage"], ["OldImage"]],
    NEW_AND_OLD_IMAGES: [["NewImage"], ["NewImage", "OldImage"], ["OldImage"]],
  };
  const sizes: Readonly<Record<ViewType, readonly number[]>> = {
    KEYS_ONLY: [6, 6, 6],
    NEW_IMAGE: [12, 20, 6],
    OLD_IMAGE: [6, 12, 20],
    NEW_AND_OLD_IMAGES: [12, 26, 20],
  };
  for (const viewType of Object.keys(shown) as ViewType[]) {
    const { client, records } = await streamed(viewType);
    await put(client, fred);
    await put(client, fredNamed);
    await client.send(new DeleteItemCommand({ TableName, Key: fred }));
    const found = (await records()) as Record<string, unknown>[];
    assert.deepEqual(
      found.map((record) => ["NewImage", "OldImage"].filter((image) => image in record)),
      shown[viewType],
    );
    assert.deepEqual(
      found.map((record) => record["SizeBytes"]),
      sizes[viewType],
    );
    assert(found.every((record) => record["StreamViewType"] === viewType));
  }
});

test("what leaves an item as it was is not recorded, whatever way it is written", async () => {
  covers("dynamodb.PutItem", "dynamodb.UpdateItem", "dynamodbstreams.GetRecords");
  const { client, records } = await streamed();
  const item = {
    ...fred,
    tags: { SS: ["a", "b"] },
    n: { N: "1" },
    place: { M: { x: { S: "1" } } },
  };
  await put(client, item);
  await put(client, { n: { N: "1.0" }, tags: { SS: ["b", "a"] }, place: item.place, ...fred });
  const update = (UpdateExpression: string, n: string): Promise<unknown> =>
    client.send(
      new UpdateItemCommand({
        TableName,
        Key: fred,
        UpdateExpression,
        ExpressionAttributeValues: { ":n": { N: n } },
      }),
    );
  await update("SET n = :n", "1.00");
  await client.send(new UpdateItemCommand({ TableName, Key: fred }));
  await client.send(new DeleteItemCommand({ TableName, Key: newKey }));
  assert.equal((await records()).length, 1);
  await update("SET n = :n", "2");
  assert.equal((await records()).length, 2);
});

test("a write that is refused leaves no record", async () => {
  covers("dynamodb.PutItem", "dynamodb.TransactWriteItems", "dynamodbstreams.GetRecords");
  const { client, records } = await streamed();
  const ConditionExpression = "attribute_exists(id)";
  await assert.rejects(
    client.send(new PutItemCommand({ TableName, Item: fred, ConditionExpression })),
  );
  await assert.rejects(
    client.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName, Item: newKey } },
          { Put: { TableName, Item: fred, ConditionExpression } },
        ],
      }),
    ),
  );
  assert.deepEqual(await records(), []);
});

test("images keep every type as the item has it", async () => {
  covers("dynamodb.PutItem", "dynamodbstreams.GetRecords");
  const { client, records } = await streamed();
  const item: Image = {
    ...fred,
    n: { N: "-1.5" },
    b: { B: Buffer.from([0, 255]) },
    flag: { BOOL: true },
    none: { NULL: true },
    list: { L: [{ S: "ü" }, { N: "1" }] },
    map: { M: { "a.b": { BS: [Buffer.from("x")] } } },
    numbers: { NS: ["1", "2"] },
  };
  await put(client, item);
  const [record] = (await records()) as { NewImage: object }[];
  assert.deepEqual(record!.NewImage, {
    ...item,
    b: { B: "AP8=" },
    map: { M: { "a.b": { BS: ["eA=="] } } },
  });
});

test("statements of PartiQL are recorded like any other write", async () => {
  covers("dynamodb.ExecuteStatement", "dynamodbstreams.GetRecords");
  const { client, records } = await streamed();
  for (const Statement of [
    `INSERT INTO "${TableName}" VALUE {'id': 'Fred'}`,
    `UPDATE "${TableName}" SET name = 'Fred' WHERE id = 'Fred'`,
    `DELETE FROM "${TableName}" WHERE id = 'Fred'`,
  ]) {
    await client.send(new ExecuteStatementCommand({ Statement }));
  }
  const rest = { Keys: fred, StreamViewType };
  assert.deepEqual(await records(), [
    { eventName: "INSERT", NewImage: fred, SizeBytes: 12, ...rest },
    { eventName: "MODIFY", NewImage: fredNamed, OldImage: fred, SizeBytes: 26, ...rest },
    { eventName: "REMOVE", OldImage: fredNamed, SizeBytes: 20, ...rest },
  ]);
});

test("the records of a run of random writes, replayed, are the table", async () => {
  covers("dynamodb.Scan", "dynamodbstreams.GetRecords");
  const { client, streams } = await streamed();
  const [arn] = await streams.list(TableName);
  const state = new Map<string, Image>();
  const writes = Array.from({ length: 60 }, async (_, at) => {
    const id = { id: { S: `item ${at % 7}` } };
    if (at % 3 === 0) await client.send(new DeleteItemCommand({ TableName, Key: id }));
    else await put(client, { ...id, at: { N: String(at) } });
  });
  await Promise.all(writes);
  for (const { eventName, dynamodb } of await streams.read(arn!)) {
    const id = dynamodb.Keys["id"]!.S!;
    assert.deepEqual(state.get(id), dynamodb.OldImage);
    assert.equal(eventName === "INSERT", !state.has(id));
    if (dynamodb.NewImage === undefined) state.delete(id);
    else state.set(id, dynamodb.NewImage);
  }
  const { json } = await tule.raw({
    target: "DynamoDB_20120810.Scan",
    account: arn!.split(":")[4]!,
    body: { TableName },
  });
  const { Items } = json as { Items: Image[] };
  assert.deepEqual(new Set(state.values()), new Set(Items));
});
