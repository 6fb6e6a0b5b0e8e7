import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  type TableDescription,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const invalid = "One or more parameter values were invalid: ";
const TableName = "Music";

const music: CreateTableCommandInput = {
  TableName,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [
    { AttributeName: "id", AttributeType: "S" },
    { AttributeName: "at", AttributeType: "N" },
    { AttributeName: "year", AttributeType: "N" },
  ],
  KeySchema: [
    { AttributeName: "id", KeyType: "HASH" },
    { AttributeName: "at", KeyType: "RANGE" },
  ],
  LocalSecondaryIndexes: [
    {
      IndexName: "by-year",
      KeySchema: [
        { AttributeName: "id", KeyType: "HASH" },
        { AttributeName: "year", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "ALL" },
    },
  ],
};

const genre = { AttributeName: "genre", AttributeType: "S" } as const;

function create(
  IndexName: string,
  AttributeName = "genre",
): NonNullable<UpdateTableCommandInput["GlobalSecondaryIndexUpdates"]>[number] {
  return {
    Create: {
      IndexName,
      KeySchema: [{ AttributeName, KeyType: "HASH" }],
      Projection: { ProjectionType: "ALL" },
    },
  };
}

async function startTable(): Promise<DynamoDBClient> {
  const client = tule.dynamodb();
  await client.send(new CreateTableCommand(music));
  await settled(client);
  return client;
}

const update = (client: DynamoDBClient, change: Omit<UpdateTableCommandInput, "TableName">) =>
  client.send(new UpdateTableCommand({ TableName, ...change }));

async function settled(client: DynamoDBClient): Promise<TableDescription> {
  for (;;) {
    await waitUntilTableExists(
      { client, maxWaitTime: 5, minDelay: 0.01, maxDelay: 0.01 },
      { TableName },
    );
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    assert(Table);
    const indexes = Table.GlobalSecondaryIndexes ?? [];
    if (indexes.every((index) => index.IndexStatus === "ACTIVE")) return Table;
  }
}

async function put(client: DynamoDBClient, at: number, more: object): Promise<void> {
  const Item = { id: { S: "a" }, at: { N: String(at) }, ...more };
  await client.send(new PutItemCommand({ TableName, Item }));
}

test("an index is added to a live table and can be queried", async () => {
  covers("dynamodb.UpdateTable");
  const client = await startTable();
  for (let at = 0; at < 20; at += 1) {
    await put(client, at, { genre: { S: at % 2 === 0 ? "jazz" : "rock" } });
  }
  await put(client, 99, { genre: { N: "1" } });
  const { TableDescription: begun } = await update(client, {
    AttributeDefinitions: [genre],
    GlobalSecondaryIndexUpdates: [create("by-genre")],
  });
  assert.equal(begun?.TableStatus, "UPDATING");
  assert.equal(begun?.GlobalSecondaryIndexes?.[0]?.IndexStatus, "CREATING");
  assert.equal(begun?.GlobalSecondaryIndexes?.[0]?.Backfilling, false);
  const table = await settled(client);
  assert.equal(table.GlobalSecondaryIndexes?.[0]?.ItemCount, 20);
  assert.deepEqual(
    table.AttributeDefinitions?.map((definition) => definition.AttributeName),
    ["at", "genre", "id", "year"],
  );
  const { Count } = await client.send(
    new QueryCommand({
      TableName,
      IndexName: "by-genre",
      KeyConditionExpression: "genre = :genre",
      ExpressionAttributeValues: { ":genre": { S: "jazz" } },
    }),
  );
  assert.equal(Count, 10);
  await assert.rejects(put(client, 100, { genre: { N: "1" } }), {
    name: "ValidationException",
    message: /Type mismatch for Index Key genre Expected: S Actual: N IndexName: by-genre/,
  });
});

test("a deleted index is gone, with the definitions that only it needed", async () => {
  covers("dynamodb.UpdateTable");
  const client = await startTable();
  await update(client, {
    AttributeDefinitions: [genre],
    GlobalSecondaryIndexUpdates: [create("by-genre")],
  });
  await settled(client);
  const { TableDescription: deleting } = await update(client, {
    GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "by-genre" } }],
  });
  assert.equal(deleting?.TableStatus, "UPDATING");
  assert.equal(deleting?.GlobalSecondaryIndexes?.[0]?.IndexStatus, "DELETING");
  const table = await settled(client);
  assert.equal(table.GlobalSecondaryIndexes, undefined);
  assert.equal(table.AttributeDefinitions?.length, 3);
  await put(client, 1, { genre: { N: "1" } });
  await assert.rejects(
    client.send(
      new QueryCommand({
        TableName,
        IndexName: "by-genre",
        KeyConditionExpression: "genre = :genre",
        ExpressionAttributeValues: { ":genre": { S: "jazz" } },
      }),
    ),
    {
      name: "ValidationException",
      message: "The table does not have the specified index: by-genre",
    },
  );
});

test("what does not fit a new index is refused", async () => {
  covers("dynamodb.UpdateTable");
  const client = await startTable();
  const refuses = (
    change: Omit<UpdateTableCommandInput, "TableName">,
    message: string,
    name = "ValidationException",
  ) => assert.rejects(update(client, change), { name, message });
  await refuses(
    { GlobalSecondaryIndexUpdates: [create("by-genre")] },
    `${invalid}AttributeDefinitions is not specified for index: by-genre`,
  );
  await refuses(
    { AttributeDefinitions: [genre], GlobalSecondaryIndexUpdates: [create("new", "artist")] },
    `${invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [artist], AttributeDefinitions: [genre]`,
  );
  await refuses(
    { AttributeDefinitions: [genre], GlobalSecondaryIndexUpdates: [create("by-year")] },
    "Attempting to create an index which already exists",
  );
  await refuses(
    {
      AttributeDefinitions: [{ AttributeName: "year", AttributeType: "S" }],
      GlobalSecondaryIndexUpdates: [create("new", "year")],
    },
    `${invalid}Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. Existing schema: Schema:[SchemaElement: key{id:S:HASH}, SchemaElement: key{year:N:RANGE}] New schema: Schema:[SchemaElement: key{year:S:HASH}]`,
  );
  await refuses(
    {
      AttributeDefinitions: [genre],
      GlobalSecondaryIndexUpdates: [create("one"), create("two")],
    },
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
    "LimitExceededException",
  );
});

test("updates and deletes name a global index of the table, each index once", async () => {
  covers("dynamodb.UpdateTable");
  const client = await startTable();
  const refuses = async (
    updates: UpdateTableCommandInput["GlobalSecondaryIndexUpdates"],
    message: string,
    name = "ValidationException",
  ) => {
    const change = { GlobalSecondaryIndexUpdates: updates };
    await assert.rejects(update(client, change), { name, message });
  };
  await refuses(
    [{ Delete: { IndexName: "nowhere" } }],
    "Requested resource not found: Index nowhere for table Music",
    "ResourceNotFoundException",
  );
  await refuses(
    [{ Delete: { IndexName: "by-year" } }],
    "Cannot delete an index that is not a GlobalSecondaryIndex: by-year",
  );
  await refuses(
    [{}],
    `${invalid}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null`,
  );
  await refuses(
    [{ Delete: { IndexName: "abc" } }, { Delete: { IndexName: "abc" } }],
    `${invalid}Only one global secondary index update per index is allowed simultaneously. Index: abc`,
  );
  await refuses(
    [{ Delete: { IndexName: "abc" }, Update: { IndexName: "abc" } }],
    `${invalid}Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object`,
  );
});

test("the twenty-first global index is refused", async () => {
  covers("dynamodb.UpdateTable");
  const client = tule.dynamodb();
  const indexes = Array.from({ length: 20 }, (_, at) => create(`index-${at}`, "id").Create);
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      GlobalSecondaryIndexes: indexes.filter((index) => index !== undefined),
    }),
  );
  await settled(client);
  await assert.rejects(
    update(client, {
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      GlobalSecondaryIndexUpdates: [create("one-more", "id")],
    }),
    {
      name: "LimitExceededException",
      message:
        "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20",
    },
  );
});
