import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
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
const units = (read: number, write = read) => ({
  ReadCapacityUnits: read,
  WriteCapacityUnits: write,
});

const schema = {
  TableName,
  AttributeDefinitions: [
    { AttributeName: "id", AttributeType: "S" },
    { AttributeName: "genre", AttributeType: "S" },
  ],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
} satisfies CreateTableCommandInput;

const byGenre = {
  IndexName: "by-genre",
  KeySchema: [{ AttributeName: "genre", KeyType: "HASH" }],
  Projection: { ProjectionType: "ALL" },
} satisfies NonNullable<CreateTableCommandInput["GlobalSecondaryIndexes"]>[number];

const onDemand: CreateTableCommandInput = {
  ...schema,
  BillingMode: "PAY_PER_REQUEST",
  GlobalSecondaryIndexes: [byGenre],
};
const provisioned: CreateTableCommandInput = {
  ...schema,
  ProvisionedThroughput: units(10),
  GlobalSecondaryIndexes: [{ ...byGenre, ProvisionedThroughput: units(5) }],
};

interface Table {
  readonly client: DynamoDBClient;
  update(input: Omit<UpdateTableCommandInput, "TableName">): Promise<TableDescription>;
  settled(): Promise<TableDescription>;
  refuses(
    input: Omit<UpdateTableCommandInput, "TableName">,
    message: string,
    name?: string,
  ): Promise<void>;
}

async function create(input: CreateTableCommandInput, tuleToUse = tule): Promise<Table> {
  const client = tuleToUse.dynamodb();
  const send = (change: object) => client.send(new UpdateTableCommand({ TableName, ...change }));
  await client.send(new CreateTableCommand(input));
  const table: Table = {
    client,
    async update(change) {
      const { TableDescription: description } = await send(change);
      assert(description);
      return description;
    },
    async settled() {
      for (;;) {
        await waitUntilTableExists(
          { client, maxWaitTime: 5, minDelay: 0.01, maxDelay: 0.01 },
          { TableName },
        );
        const { Table: found } = await client.send(new DescribeTableCommand({ TableName }));
        assert(found);
        const indexes = found.GlobalSecondaryIndexes ?? [];
        if (indexes.every((index) => index.IndexStatus === "ACTIVE")) return found;
      }
    },
    refuses: (change, message, name = "ValidationException") =>
      assert.rejects(send(change), { name, message }),
  };
  await table.settled();
  return table;
}

test("a throughput change is UPDATING with the old units, then there", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(provisioned);
  const updating = await table.update({ ProvisionedThroughput: units(20, 10) });
  assert.equal(updating.TableStatus, "UPDATING");
  assert.equal(updating.ProvisionedThroughput?.ReadCapacityUnits, 10);
  assert(updating.ProvisionedThroughput.LastIncreaseDateTime instanceof Date);
  const after = await table.settled();
  assert.equal(after.ProvisionedThroughput?.ReadCapacityUnits, 20);
  assert.equal(after.ProvisionedThroughput.NumberOfDecreasesToday, 0);
  assert.equal(after.ProvisionedThroughput.LastDecreaseDateTime, undefined);
});

test("throughput that equals the current one is refused, for tables and for indexes", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(provisioned);
  const advice =
    "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.";
  await table.refuses(
    { ProvisionedThroughput: units(10) },
    "The provisioned throughput for the table will not change. The requested value equals the current value. " +
      "Current ReadCapacityUnits provisioned for the table: 10. Requested ReadCapacityUnits: 10. " +
      `Current WriteCapacityUnits provisioned for the table: 10. Requested WriteCapacityUnits: 10. ${advice}`,
  );
  const Update = { IndexName: "by-genre", ProvisionedThroughput: units(5) };
  await table.refuses(
    { GlobalSecondaryIndexUpdates: [{ Update }] },
    "The provisioned throughput for the index by-genre will not change. The requested value equals the current value. " +
      "Current ReadCapacityUnits provisioned for index by-genre: 5. Requested ReadCapacityUnits: 5. " +
      `Current WriteCapacityUnits provisioned for index by-genre: 5. Requested WriteCapacityUnits: 5. ${advice}`,
  );
  await table.refuses(
    { BillingMode: "PROVISIONED" },
    `${invalid}ProvisionedThroughput must be specified when BillingMode is PROVISIONED`,
  );
});

test("more units than the account's quota are refused", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(provisioned);
  await table.refuses(
    { ProvisionedThroughput: units(40_001, 1) },
    "The requested ReadCapacityUnits, 40001, is above the per table maximum for the account in us-east-1. Per table maximum: 40000. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
    "LimitExceededException",
  );
});

test("after four decreases on a UTC day there is one an hour, until midnight", async () => {
  covers("dynamodb.UpdateTable");
  const ownTule = await startTule();
  ownTule.clock.moveTo(Date.UTC(2026, 9, 10, 12, 0, 19));
  const table = await create(provisioned, ownTule);
  for (const read of [9, 8, 7, 6]) {
    await table.update({ ProvisionedThroughput: units(read) });
    await table.settled();
  }
  const described = await table.settled();
  assert.equal(described.ProvisionedThroughput?.NumberOfDecreasesToday, 4);
  await assert.rejects(table.update({ ProvisionedThroughput: units(5) }), {
    name: "LimitExceededException",
    message:
      /^Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day\. After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds\. Number of decreases today: 4\. Last decrease at Saturday, October 10, 2026 at 12:00:\d\d PM Coordinated Universal Time\. Next decrease can be made at Saturday, October 10, 2026 at 1:00:\d\d PM Coordinated Universal Time$/,
  });
  // An increase is always possible, and an index has a budget of its own.
  await table.update({ ProvisionedThroughput: units(50) });
  await table.settled();
  const Update = { IndexName: "by-genre", ProvisionedThroughput: units(1) };
  await table.update({ GlobalSecondaryIndexUpdates: [{ Update }] });
  await table.settled();
  ownTule.clock.moveTo(Date.UTC(2026, 9, 10, 13, 30));
  await table.update({ ProvisionedThroughput: units(5) });
  assert.equal((await table.settled()).ProvisionedThroughput?.NumberOfDecreasesToday, 5);
  ownTule.clock.moveTo(Date.UTC(2026, 9, 11, 0, 0, 1));
  assert.equal((await table.settled()).ProvisionedThroughput?.NumberOfDecreasesToday, 0);
  await table.update({ ProvisionedThroughput: units(4) });
});

test("a provisioned table can be paid per request, and back with units for all its indexes", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(provisioned);
  const switching = await table.update({ BillingMode: "PAY_PER_REQUEST" });
  assert.equal(switching.TableStatus, "UPDATING");
  const paid = await table.settled();
  assert.equal(paid.BillingModeSummary?.BillingMode, "PAY_PER_REQUEST");
  assert(paid.BillingModeSummary.LastUpdateToPayPerRequestDateTime instanceof Date);
  assert.equal(paid.ProvisionedThroughput?.ReadCapacityUnits, 0);
  assert.equal(paid.GlobalSecondaryIndexes?.[0]?.ProvisionedThroughput?.ReadCapacityUnits, 0);
  await table.refuses(
    { ProvisionedThroughput: units(1) },
    `${invalid}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`,
  );
  await table.refuses(
    { BillingMode: "PROVISIONED", ProvisionedThroughput: units(1) },
    `${invalid}ProvisionedThroughput must be specified for index: by-genre`,
  );
  await table.update({
    BillingMode: "PROVISIONED",
    ProvisionedThroughput: units(3),
    GlobalSecondaryIndexUpdates: [
      { Update: { IndexName: "by-genre", ProvisionedThroughput: units(2) } },
    ],
  });
  const back = await table.settled();
  assert.equal(back.BillingModeSummary?.BillingMode, "PROVISIONED");
  assert.equal(back.ProvisionedThroughput?.ReadCapacityUnits, 3);
  assert.equal(back.GlobalSecondaryIndexes?.[0]?.ProvisionedThroughput?.ReadCapacityUnits, 2);
});

test("an index's update leaves its table ACTIVE", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(onDemand);
  const updating = await table.update({
    GlobalSecondaryIndexUpdates: [
      { Update: { IndexName: "by-genre", OnDemandThroughput: { MaxReadRequestUnits: 50 } } },
    ],
  });
  assert.equal(updating.TableStatus, "ACTIVE");
  assert.equal(updating.GlobalSecondaryIndexes?.[0]?.IndexStatus, "UPDATING");
  const [index] = (await table.settled()).GlobalSecondaryIndexes ?? [];
  assert.deepEqual(index?.OnDemandThroughput, { MaxReadRequestUnits: 50 });
});

test("limits of on-demand consumption change at once, and -1 takes them away", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(onDemand);
  const limits = { MaxReadRequestUnits: 20, MaxWriteRequestUnits: 15 };
  const set = await table.update({ OnDemandThroughput: limits });
  assert.equal(set.TableStatus, "ACTIVE");
  assert.deepEqual(set.OnDemandThroughput, limits);
  await table.update({ OnDemandThroughput: { MaxReadRequestUnits: -1 } });
  assert.deepEqual((await table.settled()).OnDemandThroughput, { MaxWriteRequestUnits: 15 });
});

test("limits above the account's quota are refused", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(onDemand);
  const quota = "TableMaxReadCapacityUnits of the account in region us-east-1";
  await table.refuses(
    { OnDemandThroughput: { MaxReadRequestUnits: 40_001 } },
    `Subscriber limit exceeded: Requested MaxReadRequestUnits for OnDemandThroughput for table exceeds ${quota}`,
    "LimitExceededException",
  );
  const Update = { IndexName: "by-genre", WarmThroughput: { ReadUnitsPerSecond: 40_001 } };
  await table.refuses(
    { GlobalSecondaryIndexUpdates: [{ Update }] },
    `Subscriber limit exceeded: Requested ReadUnitsPerSecond for WarmThroughput for index by-genre exceeds ${quota}`,
    "LimitExceededException",
  );
});

test("an index's update says what it changes", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(onDemand);
  const refuses = (update: object, message: string) =>
    table.refuses(
      { GlobalSecondaryIndexUpdates: [{ Update: { IndexName: "by-genre", ...update } }] },
      invalid + message,
    );
  await refuses(
    {},
    "The only Updates for index: by-genre when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput",
  );
  await refuses(
    { ProvisionedThroughput: units(1) },
    "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: by-genre when BillingMode is PAY_PER_REQUEST",
  );
  await refuses(
    { WarmThroughput: {} },
    "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: by-genre",
  );
});

test("warm throughput grows and never shrinks", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(onDemand);
  const updating = await table.update({ WarmThroughput: { ReadUnitsPerSecond: 12_001 } });
  assert.equal(updating.TableStatus, "ACTIVE");
  assert.deepEqual(updating.WarmThroughput, {
    ReadUnitsPerSecond: 12_000,
    WriteUnitsPerSecond: 4_000,
    Status: "UPDATING",
  });
  const { WarmThroughput } = await table.settled();
  assert.equal(WarmThroughput?.ReadUnitsPerSecond, 12_001);
  await table.refuses(
    { WarmThroughput: { ReadUnitsPerSecond: 12_000 } },
    `${invalid}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, decreasing WarmThroughput is not supported`,
  );
});

test("the table class changes twice in thirty days", async () => {
  covers("dynamodb.UpdateTable");
  const ownTule = await startTule();
  const table = await create(onDemand, ownTule);
  await table.update({ TableClass: "STANDARD" }); // It is that already.
  assert.equal((await table.settled()).TableClassSummary, undefined);
  await table.update({ TableClass: "STANDARD_INFREQUENT_ACCESS" });
  const { TableClassSummary: summary } = await table.settled();
  assert.equal(summary?.TableClass, "STANDARD_INFREQUENT_ACCESS");
  assert(summary.LastUpdateDateTime instanceof Date);
  await table.update({ TableClass: "STANDARD" });
  await table.settled();
  await table.refuses(
    { TableClass: "STANDARD_INFREQUENT_ACCESS" },
    "Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).",
    "LimitExceededException",
  );
  ownTule.clock.moveTo(ownTule.clock.nowMs() + 31 * 86_400_000);
  await table.update({ TableClass: "STANDARD_INFREQUENT_ACCESS" });
});

test("encryption with a KMS key goes on and off", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(onDemand);
  await table.refuses(
    { SSESpecification: { Enabled: false } },
    `${invalid}Table is already encrypted by default`,
  );
  const on = await table.update({ SSESpecification: { Enabled: true } });
  assert.equal(on.TableStatus, "ACTIVE");
  assert.equal(on.SSEDescription?.Status, "UPDATING");
  const { SSEDescription } = await table.settled();
  assert.equal(SSEDescription?.Status, "ENABLED");
  await table.refuses(
    {
      SSESpecification: {
        Enabled: true,
        SSEType: "KMS",
        KMSMasterKeyId: SSEDescription.KMSMasterKeyArn,
      },
    },
    `${invalid}Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key`,
  );
  const off = await table.update({ SSESpecification: { Enabled: false } });
  // Recorded: test_dynamodb_create_table_with_partial_sse_specification.
  assert.deepEqual(off.SSEDescription, {
    Status: "UPDATING",
    SSEType: "KMS",
    KMSMasterKeyArn: SSEDescription.KMSMasterKeyArn,
  });
  assert.equal((await table.settled()).SSEDescription, undefined);
});

test("an update changes one thing", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(onDemand);
  const nothing =
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required";
  await table.refuses({}, nothing);
  await table.refuses({ GlobalSecondaryIndexUpdates: [] }, nothing);
  await table.refuses(
    { AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }] },
    nothing,
  );
  await table.refuses(
    { GlobalSecondaryIndexUpdates: [], DeletionProtectionEnabled: true },
    `${invalid}List of GlobalSecondaryIndexUpdates is empty`,
  );
  const only = "modification must be the only operation in the request";
  await table.refuses(
    {
      SSESpecification: { Enabled: true },
      TableClass: "STANDARD",
      DeletionProtectionEnabled: true,
    },
    `${invalid}Server-Side Encryption ${only}`,
  );
  await table.refuses(
    { TableClass: "STANDARD", DeletionProtectionEnabled: true },
    `${invalid}TableClass ${only}`,
  );
  await table.refuses(
    { DeletionProtectionEnabled: true, BillingMode: "PAY_PER_REQUEST" },
    `${invalid}DeletionProtection ${only}`,
  );
  await table.refuses(
    { WarmThroughput: { ReadUnitsPerSecond: 13_000 }, BillingMode: "PAY_PER_REQUEST" },
    `${invalid}WarmThroughput must be the only operation in the request`,
  );
  await table.refuses(
    {
      ProvisionedThroughput: units(1),
      GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "by-genre" } }],
    },
    `${invalid}You cannot create or delete index while updating table IOPS`,
  );
});

test("a stream that is not there cannot be disabled", async () => {
  covers("dynamodb.UpdateTable");
  const table = await create(onDemand);
  await table.refuses(
    { StreamSpecification: { StreamEnabled: false } },
    "Table has no stream to disable: TableName: Music",
  );
});

test("a table that was just deleted cannot be changed", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.DeleteTable");
  const table = await create(onDemand);
  await table.client.send(new DeleteTableCommand({ TableName }));
  await assert.rejects(table.update({ BillingMode: "PAY_PER_REQUEST" }), {
    name: /^(ResourceInUseException|ResourceNotFoundException)$/,
  });
});
