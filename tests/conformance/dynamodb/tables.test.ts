import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeEndpointsCommand,
  DescribeLimitsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  type TableDescription,
  UpdateTableCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

const provisioned: CreateTableCommandInput = {
  TableName: "Music",
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
};

const { ProvisionedThroughput: _, ...schema } = provisioned;
const onDemand: CreateTableCommandInput = { ...schema, BillingMode: "PAY_PER_REQUEST" };

async function active(client: DynamoDBClient, TableName = "Music"): Promise<TableDescription> {
  await waitUntilTableExists({ client, maxWaitTime: 5, minDelay: 0.01 }, { TableName });
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  assert(Table);
  return Table;
}

/** Without what differs from run to run, after a look at it. */
function steady(description: TableDescription | undefined): object {
  assert(description);
  const { TableId, CreationDateTime, ...rest } = description;
  assert.match(TableId ?? "", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert(CreationDateTime instanceof Date);
  return rest;
}

test("a provisioned table with warm throughput is described as AWS describes it", async () => {
  covers("dynamodb.CreateTable", "dynamodb.DescribeTable");
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const created = await client.send(
    new CreateTableCommand({
      ...provisioned,
      WarmThroughput: { ReadUnitsPerSecond: 1_000, WriteUnitsPerSecond: 1_200 },
    }),
  );
  // Recorded: test_table_warm_throughput.
  const expected = {
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    DeletionProtectionEnabled: false,
    ItemCount: 0,
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    ProvisionedThroughput: {
      NumberOfDecreasesToday: 0,
      ReadCapacityUnits: 5,
      WriteCapacityUnits: 5,
    },
    TableArn: `arn:aws:dynamodb:us-east-1:${account}:table/Music`,
    TableName: "Music",
    TableSizeBytes: 0,
  };
  const warm = { ReadUnitsPerSecond: 1_000, WriteUnitsPerSecond: 1_200 };
  assert.deepEqual(steady(created.TableDescription), {
    ...expected,
    TableStatus: "CREATING",
    WarmThroughput: { ...warm, Status: "UPDATING" },
  });
  assert.deepEqual(steady(await active(client)), {
    ...expected,
    TableStatus: "ACTIVE",
    WarmThroughput: { ...warm, Status: "ACTIVE" },
  });
});

test("an on-demand table with a global index is described as AWS describes it", async () => {
  covers("dynamodb.CreateTable", "dynamodb.DescribeTable");
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const created = await client.send(
    new CreateTableCommand({
      TableName: "Transactions",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "TID", AttributeType: "S" },
        { AttributeName: "TRID", AttributeType: "S" },
      ],
      KeySchema: [{ AttributeName: "TID", KeyType: "HASH" }],
      GlobalSecondaryIndexes: [
        {
          IndexName: "TransactionRecordID",
          KeySchema: [{ AttributeName: "TRID", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      ],
    }),
  );
  // Recorded: test_gsi_with_billing_mode[PAY_PER_REQUEST].
  const noThroughput = { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 };
  const arn = `arn:aws:dynamodb:us-east-1:${account}:table/Transactions`;
  const index = {
    IndexArn: `${arn}/index/TransactionRecordID`,
    IndexName: "TransactionRecordID",
    IndexSizeBytes: 0,
    ItemCount: 0,
    KeySchema: [{ AttributeName: "TRID", KeyType: "HASH" }],
    Projection: { ProjectionType: "ALL" },
    ProvisionedThroughput: noThroughput,
  };
  const expected = {
    AttributeDefinitions: [
      { AttributeName: "TID", AttributeType: "S" },
      { AttributeName: "TRID", AttributeType: "S" },
    ],
    DeletionProtectionEnabled: false,
    ItemCount: 0,
    KeySchema: [{ AttributeName: "TID", KeyType: "HASH" }],
    ProvisionedThroughput: noThroughput,
    TableArn: arn,
    TableName: "Transactions",
    TableSizeBytes: 0,
  };
  assert.deepEqual(steady(created.TableDescription), {
    ...expected,
    BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
    TableStatus: "CREATING",
    GlobalSecondaryIndexes: [{ ...index, IndexStatus: "CREATING" }],
  });
  const { BillingModeSummary, ...described } = steady(
    await active(client, "Transactions"),
  ) as TableDescription;
  assert.equal(BillingModeSummary?.BillingMode, "PAY_PER_REQUEST");
  assert(BillingModeSummary.LastUpdateToPayPerRequestDateTime instanceof Date);
  const warm = { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4_000, Status: "ACTIVE" };
  assert.deepEqual(described, {
    ...expected,
    TableStatus: "ACTIVE",
    GlobalSecondaryIndexes: [{ ...index, IndexStatus: "ACTIVE", WarmThroughput: warm }],
    WarmThroughput: warm,
  });
});

test("a table with local indexes, a class, protection and limits says so", async () => {
  covers("dynamodb.CreateTable", "dynamodb.DescribeTable");
  const client = tule.dynamodb();
  await client.send(
    new CreateTableCommand({
      ...onDemand,
      AttributeDefinitions: [
        { AttributeName: "id", AttributeType: "S" },
        { AttributeName: "at", AttributeType: "N" },
        { AttributeName: "raw", AttributeType: "B" },
      ],
      KeySchema: [
        { AttributeName: "id", KeyType: "HASH" },
        { AttributeName: "at", KeyType: "RANGE" },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: "by-raw",
          KeySchema: [
            { AttributeName: "id", KeyType: "HASH" },
            { AttributeName: "raw", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["title"] },
        },
      ],
      TableClass: "STANDARD_INFREQUENT_ACCESS",
      DeletionProtectionEnabled: true,
      OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 },
      SSESpecification: { Enabled: true },
      StreamSpecification: { StreamEnabled: false },
    }),
  );
  const described = await active(client);
  assert.deepEqual(described.TableClassSummary, { TableClass: "STANDARD_INFREQUENT_ACCESS" });
  assert.equal(described.DeletionProtectionEnabled, true);
  assert.deepEqual(described.OnDemandThroughput, {
    MaxReadRequestUnits: 10,
    MaxWriteRequestUnits: 20,
  });
  assert.equal(described.SSEDescription?.Status, "ENABLED");
  assert.equal(described.SSEDescription?.SSEType, "KMS");
  assert.match(described.SSEDescription?.KMSMasterKeyArn ?? "", /^arn:aws:kms:us-east-1:/);
  const [index] = described.LocalSecondaryIndexes ?? [];
  assert.deepEqual(index, {
    IndexName: "by-raw",
    KeySchema: [
      { AttributeName: "id", KeyType: "HASH" },
      { AttributeName: "raw", KeyType: "RANGE" },
    ],
    Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["title"] },
    IndexSizeBytes: 0,
    ItemCount: 0,
    IndexArn: `${described.TableArn}/index/by-raw`,
  });
});

test("a global index may have four partition and four sort attributes", async () => {
  covers("dynamodb.CreateTable", "dynamodb.DescribeTable");
  const client = tule.dynamodb();
  const attributes = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const keySchema = attributes.map((AttributeName, position) => ({
    AttributeName,
    KeyType: position < 4 ? ("HASH" as const) : ("RANGE" as const),
  }));
  await client.send(
    new CreateTableCommand({
      ...onDemand,
      AttributeDefinitions: ["id", ...attributes].map((AttributeName) => ({
        AttributeName,
        AttributeType: "S",
      })),
      GlobalSecondaryIndexes: [
        {
          IndexName: "by-many",
          KeySchema: keySchema,
          Projection: { ProjectionType: "KEYS_ONLY" },
        },
      ],
    }),
  );
  const { GlobalSecondaryIndexes } = await active(client);
  assert.deepEqual(GlobalSecondaryIndexes?.[0]?.KeySchema, keySchema);
});

test("counts and sizes follow the items at once", async () => {
  covers("dynamodb.DescribeTable");
  const client = tule.dynamodb();
  await client.send(new CreateTableCommand(onDemand));
  await active(client);
  const Item = { id: { S: "1" }, title: { S: "Blue" } };
  await client.send(new PutItemCommand({ TableName: "Music", Item }));
  const { ItemCount, TableSizeBytes } = await active(client);
  assert.equal(ItemCount, 1);
  assert.equal(TableSizeBytes, 2 + 1 + 5 + 4);
});

test("a table can be named by its ARN", async () => {
  covers("dynamodb.DescribeTable", "dynamodb.DeleteTable");
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  await client.send(new CreateTableCommand(onDemand));
  await active(client);
  const TableName = `arn:aws:dynamodb:us-east-1:${account}:table/Music`;
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  assert.equal(Table?.TableName, "Music");
  await assert.rejects(
    client.send(
      new DescribeTableCommand({
        TableName: "arn:aws:dynamodb:us-east-1:999999999999:table/Music",
      }),
    ),
    { name: "AccessDeniedException" },
  );
  const { TableDescription } = await client.send(new DeleteTableCommand({ TableName }));
  assert.equal(TableDescription?.TableStatus, "DELETING");
});

test("a name is taken while its table is there, and free again after", async () => {
  covers("dynamodb.CreateTable", "dynamodb.DeleteTable");
  const client = tule.dynamodb();
  await client.send(new CreateTableCommand(onDemand));
  await assert.rejects(client.send(new CreateTableCommand(onDemand)), {
    name: "ResourceInUseException",
    // Recorded: test_create_duplicate_table.
    message: "Table already exists: Music",
  });
  await active(client);
  await client.send(new DeleteTableCommand({ TableName: "Music" }));
  await waitUntilTableNotExists({ client, maxWaitTime: 5, minDelay: 0.01 }, { TableName: "Music" });
  await client.send(new CreateTableCommand(onDemand));
  await active(client);
});

test("operations on a table that is not there say so, each in its way", async () => {
  covers("dynamodb.DescribeTable", "dynamodb.DeleteTable", "dynamodb.UpdateTable");
  const client = tule.dynamodb();
  const TableName = "Nowhere";
  const notFound = {
    name: "ResourceNotFoundException",
    message: "Requested resource not found: Table: Nowhere not found",
  };
  await assert.rejects(client.send(new DescribeTableCommand({ TableName })), notFound);
  await assert.rejects(client.send(new DeleteTableCommand({ TableName })), notFound);
  await assert.rejects(
    client.send(new UpdateTableCommand({ TableName, BillingMode: "PAY_PER_REQUEST" })),
    notFound,
  );
  await assert.rejects(client.send(new GetItemCommand({ TableName, Key: { id: { S: "1" } } })), {
    name: "ResourceNotFoundException",
    message: "Requested resource not found",
  });
});

test("a protected table cannot be deleted until its protection is taken off", async () => {
  covers("dynamodb.DeleteTable", "dynamodb.UpdateTable");
  const client = tule.dynamodb();
  await client.send(new CreateTableCommand({ ...onDemand, DeletionProtectionEnabled: true }));
  await active(client);
  await assert.rejects(client.send(new DeleteTableCommand({ TableName: "Music" })), {
    name: "ValidationException",
    message:
      "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
  });
  await client.send(
    new UpdateTableCommand({ TableName: "Music", DeletionProtectionEnabled: false }),
  );
  await active(client);
  await client.send(new DeleteTableCommand({ TableName: "Music" }));
});

test("tables are listed by name, a page at a time, each account its own", async () => {
  covers("dynamodb.ListTables");
  const client = tule.dynamodb();
  for (const TableName of ["beta", "Alpha", "alpha", "gamma.1"]) {
    await client.send(new CreateTableCommand({ ...onDemand, TableName }));
  }
  const list = async (input: object) => {
    const { TableNames, LastEvaluatedTableName } = await client.send(new ListTablesCommand(input));
    return [TableNames, LastEvaluatedTableName];
  };
  assert.deepEqual(await list({}), [["Alpha", "alpha", "beta", "gamma.1"], undefined]);
  assert.deepEqual(await list({ Limit: 4 }), [["Alpha", "alpha", "beta", "gamma.1"], undefined]);
  assert.deepEqual(await list({ Limit: 2 }), [["Alpha", "alpha"], "alpha"]);
  assert.deepEqual(await list({ Limit: 2, ExclusiveStartTableName: "alpha" }), [
    ["beta", "gamma.1"],
    undefined,
  ]);
  assert.deepEqual(await list({ ExclusiveStartTableName: "bet" }), [
    ["beta", "gamma.1"],
    undefined,
  ]);
  assert.deepEqual((await tule.dynamodb().send(new ListTablesCommand({}))).TableNames, []);
});

test("an account's limits and DynamoDB's endpoint can be asked for", async () => {
  covers("dynamodb.DescribeLimits", "dynamodb.DescribeEndpoints");
  const client = tule.dynamodb();
  const { $metadata: _metadata, ...limits } = await client.send(new DescribeLimitsCommand({}));
  assert.deepEqual(limits, {
    AccountMaxReadCapacityUnits: 80_000,
    AccountMaxWriteCapacityUnits: 80_000,
    TableMaxReadCapacityUnits: 40_000,
    TableMaxWriteCapacityUnits: 40_000,
  });
  const { Endpoints } = await client.send(new DescribeEndpointsCommand({}));
  assert.deepEqual(Endpoints, [
    { Address: "dynamodb.us-east-1.amazonaws.com", CachePeriodInMinutes: 1440 },
  ]);
});

test("what is not built yet answers as not implemented", async () => {
  const account = tule.newAccount();
  for (const member of [{ GlobalTableSettingsReplicationMode: "ENABLED" }]) {
    const { status } = await tule.raw({
      target: "DynamoDB_20120810.CreateTable",
      account,
      body: { ...onDemand, ...member },
    });
    assert.equal(status, 501);
  }
});
