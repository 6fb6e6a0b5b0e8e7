import assert from "node:assert/strict";
import test from "node:test";
import {
  DeleteItemCommand,
  DeleteTableCommand,
  PutItemCommand,
  QueryCommand,
  UpdateTableCommand,
  UpdateTableReplicaAutoScalingCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { east, europe, isSettled, lists, Regions, west } from "../../support/dynamodb-replicas.ts";
import { StreamsClient } from "../../support/dynamodb-streams.ts";
import { makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const TableName = plainTable.TableName!;
const tule = await startTule();
const regions = (): Regions => new Regions(() => tule);

async function start(): Promise<Regions> {
  const made = regions();
  await makeTable(made.in(east), plainTable);
  return made;
}

const put = (where: Regions, region: string, pk: string, text: string): Promise<unknown> =>
  where
    .in(region)
    .send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, text: { S: text } } }));

const update = (where: Regions, region: string, input: object): Promise<unknown> =>
  where.in(region).send(new UpdateTableCommand({ TableName, ...input }));

test("what one region writes is in the other one a moment later, both ways", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.PutItem", "dynamodb.DeleteItem");
  const where = await start();
  await where.addReplica(TableName, west);
  await put(where, east, "a", "from the east");
  await put(where, west, "b", "from the west");
  await until(
    () => where.get(TableName, west, "a"),
    (item) => item?.["text"]?.S === "from the east",
  );
  await until(
    () => where.get(TableName, east, "b"),
    (item) => item?.["text"]?.S === "from the west",
  );
  await where.in(west).send(new DeleteItemCommand({ TableName, Key: { pk: { S: "a" } } }));
  await until(
    () => where.get(TableName, east, "a"),
    (item) => item === undefined,
  );
});

test("a replica of a table with items gets them, and what is written meanwhile", async () => {
  covers("dynamodb.UpdateTable");
  const where = await start();
  for (let at = 0; at < 250; at += 1) await put(where, east, `old ${at}`, "before");
  const adding = where.addReplica(TableName, west);
  for (let at = 0; at < 50; at += 1) await put(where, east, `old ${at}`, "meanwhile");
  await adding;
  await until(
    async () => [await where.content(TableName, east), await where.content(TableName, west)],
    ([one, other]) => JSON.stringify(one) === JSON.stringify(other),
  );
  assert.equal((await where.content(TableName, west)).length, 250);
});

test("a group is described as AWS does it, from each of its regions", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.DescribeTable");
  const where = await start();
  const before = await where.describe(TableName, east);
  assert.equal(before?.GlobalTableVersion, undefined);
  assert.equal(before?.Replicas, undefined);
  const answer = await where
    .in(east)
    .send(
      new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: west } }] }),
    );
  assert.equal(answer.TableDescription?.TableStatus, "UPDATING");
  assert.equal(answer.TableDescription.GlobalTableVersion, "2019.11.21");
  assert.deepEqual(answer.TableDescription.Replicas, []);
  const one = await where.untilTable(
    TableName,
    east,
    (table) => isSettled(table) && lists(table, west),
  );
  const other = await where.untilTable(TableName, west, isSettled);
  const entry = {
    ReplicaStatus: "ACTIVE",
    GlobalTableSettingsReplicationMode: "ENABLED_WITH_OVERRIDES",
    WarmThroughput: { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4_000, Status: "ACTIVE" },
  };
  assert.deepEqual(one?.Replicas, [{ RegionName: west, ...entry }]);
  assert.deepEqual(other?.Replicas, [{ RegionName: east, ...entry }]);
  assert.equal(other.GlobalTableVersion, "2019.11.21");
  assert.equal(other.MultiRegionConsistency, undefined);
  assert.equal(other.TableArn, one.TableArn?.replace(east, west));
  assert.notEqual(other.TableId, one.TableId);
  // Replicas have streams, enabled by the service.
  for (const table of [one, other]) {
    assert.deepEqual(table.StreamSpecification, {
      StreamEnabled: true,
      StreamViewType: "NEW_AND_OLD_IMAGES",
    });
  }
  assert.equal(
    await refusal(update(where, west, { StreamSpecification: { StreamEnabled: false } })),
    "ValidationException: Disabling Stream is not allowed for a Global Table replica.",
  );
});

test("each replica has indexes, a stream and a size of its own", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.Query", "dynamodbstreams.GetRecords");
  const where = regions();
  await makeTable(where.in(east), {
    ...plainTable,
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "text", AttributeType: "S" },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: "by-text",
        KeySchema: [{ AttributeName: "text", KeyType: "HASH" }],
        Projection: { ProjectionType: "ALL" },
      },
    ],
  });
  await put(where, east, "old", "group");
  await where.addReplica(TableName, west);
  await put(where, east, "new", "group");
  const query = new QueryCommand({
    TableName,
    IndexName: "by-text",
    KeyConditionExpression: "#text = :text",
    ExpressionAttributeNames: { "#text": "text" },
    ExpressionAttributeValues: { ":text": { S: "group" } },
  });
  await until(
    () => where.in(west).send(query),
    (answer) => answer.Count === 2,
  );
  const table = await where.describe(TableName, west);
  assert.equal(table?.ItemCount, 2);
  const streams = new StreamsClient(tule, where.account, west);
  const records = await streams.read(table.LatestStreamArn!);
  assert.deepEqual(
    records.map(({ eventName, dynamodb, userIdentity }) => [
      eventName,
      dynamodb.NewImage?.["pk"]?.S,
      userIdentity,
    ]),
    [
      ["INSERT", "old", undefined],
      ["INSERT", "new", undefined],
    ],
  );
});

test("a third replica, added at another's endpoint, gets everything", async () => {
  covers("dynamodb.UpdateTable");
  const where = await start();
  await where.addReplica(TableName, west);
  await put(where, east, "a", "1");
  await put(where, west, "b", "2");
  await where.addReplica(TableName, europe, west);
  await until(
    () => where.content(TableName, europe),
    (items) => items.length === 2,
  );
  await put(where, europe, "c", "3");
  for (const region of [east, west]) {
    await until(
      () => where.content(TableName, region),
      (items) => items.length === 3,
    );
    const table = await where.untilTable(TableName, region, isSettled);
    assert.equal(table?.Replicas?.length, 2);
  }
});

test("a replica that is removed goes with its table; the last one leaves a table like any other", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.DeleteTable");
  const where = await start();
  await where.addReplica(TableName, west);
  await put(where, west, "a", "last words");
  assert.equal(
    await refusal(where.in(east).send(new DeleteTableCommand({ TableName }))),
    "ValidationException: Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.",
  );
  await update(where, east, { ReplicaUpdates: [{ Delete: { RegionName: west } }] });
  await where.untilTable(TableName, west, (table) => table === undefined);
  const table = await where.untilTable(TableName, east, isSettled);
  assert.equal(table?.Replicas, undefined);
  assert.equal(table?.GlobalTableVersion, undefined);
  assert.equal(table?.StreamSpecification?.StreamEnabled, true);
  // What was acknowledged there was not lost.
  assert.equal((await where.get(TableName, east, "a"))?.["text"]?.S, "last words");
  // And it can come back.
  await where.addReplica(TableName, west);
  await until(
    () => where.get(TableName, west, "a"),
    (item) => item !== undefined,
  );
  await update(where, east, { ReplicaUpdates: [{ Delete: { RegionName: west } }] });
  await where.untilTable(TableName, east, (found) => isSettled(found) && !lists(found, west));
  await where.in(east).send(new DeleteTableCommand({ TableName }));
  await where.untilTable(TableName, east, (found) => found === undefined);
});

test("a replica may be deleted in its own region", async () => {
  covers("dynamodb.DeleteTable");
  const where = await start();
  await where.addReplica(TableName, west);
  await where.in(west).send(new DeleteTableCommand({ TableName }));
  await where.untilTable(TableName, west, (table) => table === undefined);
  await where.untilTable(TableName, east, (table) => isSettled(table) && !lists(table, west));
});

test("changes of replicas that make no sense are refused as AWS does it", async () => {
  covers("dynamodb.UpdateTable");
  const where = await start();
  const change = (...ReplicaUpdates: object[]): Promise<string> =>
    refusal(update(where, east, { ReplicaUpdates }));
  const create = (RegionName: string): object => ({ Create: { RegionName } });
  const remove = (RegionName: string): object => ({ Delete: { RegionName } });
  assert.equal(
    await refusal(
      update(where, east, { ReplicaUpdates: [create(west)], DeletionProtectionEnabled: true }),
    ),
    "ValidationException: One or more parameter values were invalid: Replica modification must be the only operation in the request",
  );
  assert.equal(
    await change(create(west), create(europe)),
    "ValidationException: Update table operation with more than one create or delete replica actions not allowed",
  );
  assert.equal(
    await change(create(east)),
    "ValidationException: Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.",
  );
  assert.match(
    await change(create("us-fake-1")),
    /^ValidationException: Region us-fake-1 is not supported\. The latest version of global tables are only supported in the following regions: \[/,
  );
  assert.equal(
    await change(remove(west)),
    `ValidationException: Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [${west}].`,
  );
  assert.equal(
    await change({ Update: { RegionName: west } }),
    "ValidationException: There are no actions specified in the Replica Update Action of the request.",
  );
  await makeTable(where.in(west), plainTable);
  const taken = `ValidationException: Failed to create a the new replica of table with name: ‘${TableName}’ because one or more replicas already existed as tables.`;
  assert.equal(await change(create(west)), taken);
  await where.addReplica(TableName, europe);
  assert.equal(await change(create(europe)), taken);
  assert.equal(
    await refusal(update(where, europe, { ReplicaUpdates: [remove(east)] })),
    "ValidationException: Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.",
  );
  await update(where, europe, { DeletionProtectionEnabled: true });
  assert.equal(
    await change(remove(europe)),
    "ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
  );
});

test("settings that all replicas share are the same everywhere, whichever region changes them", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.UpdateTimeToLive");
  const where = await start();
  await where.addReplica(TableName, west);
  await put(where, east, "a", "group");
  await update(where, west, {
    AttributeDefinitions: [{ AttributeName: "text", AttributeType: "S" }],
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: "by-text",
          KeySchema: [{ AttributeName: "text", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      },
    ],
  });
  const hasIndex = await where.untilTable(
    TableName,
    east,
    (table) => isSettled(table) && table?.GlobalSecondaryIndexes?.length === 1,
  );
  assert.equal(hasIndex?.GlobalSecondaryIndexes?.[0]?.ItemCount, 1);
  await where.untilTable(TableName, west, isSettled);
  await where.in(east).send(
    new UpdateTimeToLiveCommand({
      TableName,
      TimeToLiveSpecification: { Enabled: true, AttributeName: "until" },
    }),
  );
  await update(where, east, {
    BillingMode: "PROVISIONED",
    ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 4 },
    GlobalSecondaryIndexUpdates: [
      {
        Update: {
          IndexName: "by-text",
          ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
        },
      },
    ],
  });
  const changed = await where.untilTable(
    TableName,
    west,
    (table) => isSettled(table) && table?.ProvisionedThroughput?.WriteCapacityUnits === 4,
  );
  assert.equal(changed?.ProvisionedThroughput?.ReadCapacityUnits, 3);
  const [index] = changed.GlobalSecondaryIndexes!;
  assert.equal(index?.ProvisionedThroughput?.WriteCapacityUnits, 6);
  await where.untilTable(TableName, east, isSettled);
  await update(where, east, {
    GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "by-text" } }],
  });
  await where.untilTable(
    TableName,
    west,
    (table) => isSettled(table) && table?.GlobalSecondaryIndexes === undefined,
  );
  // Whether a KMS key encrypts it is the same everywhere, by which one is each region's own.
  const SSESpecification = { Enabled: true, SSEType: "KMS" } as const;
  await update(where, east, { SSESpecification });
  const encrypted = await where.untilTable(
    TableName,
    west,
    (table) => table?.SSEDescription?.SSEType === "KMS",
  );
  assert.match(encrypted!.SSEDescription!.KMSMasterKeyArn!, /^arn:aws:kms:us-west-2:/);
  await update(where, west, { SSESpecification: { Enabled: false } });
  await where.untilTable(TableName, east, (table) => table?.SSEDescription === undefined);
  // Deletion protection is each region's own.
  await update(where, east, { DeletionProtectionEnabled: true });
  assert.equal((await where.describe(TableName, west))?.DeletionProtectionEnabled, false);
});

test("a replica may differ in its read capacity and its table class", async () => {
  covers("dynamodb.UpdateTable");
  const where = regions();
  await makeTable(where.in(east), {
    ...plainTable,
    BillingMode: "PROVISIONED",
    ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 4 },
  });
  const ProvisionedThroughputOverride = { ReadCapacityUnits: 9 };
  const ReplicaUpdates = [{ Create: { RegionName: west, ProvisionedThroughputOverride } }];
  assert.equal(
    await refusal(update(where, east, { ReplicaUpdates })),
    "ValidationException: Table write capacity should either be Pay-Per-Request or AutoScaled.",
  );
  const TargetTrackingScalingPolicyConfiguration = { TargetValue: 70 };
  await where.in(east).send(
    new UpdateTableReplicaAutoScalingCommand({
      TableName,
      ProvisionedWriteCapacityAutoScalingUpdate: {
        MinimumUnits: 4,
        MaximumUnits: 10,
        ScalingPolicyUpdate: { TargetTrackingScalingPolicyConfiguration },
      },
    }),
  );
  await update(where, east, { ReplicaUpdates });
  const table = await where.untilTable(TableName, west, isSettled);
  assert.equal(table?.ProvisionedThroughput?.ReadCapacityUnits, 9);
  assert.equal(table.ProvisionedThroughput.WriteCapacityUnits, 4);
  const source = await where.untilTable(TableName, east, isSettled);
  assert.deepEqual(source?.Replicas?.[0]?.ProvisionedThroughputOverride, { ReadCapacityUnits: 9 });
  const TableClassOverride = "STANDARD_INFREQUENT_ACCESS";
  await update(where, east, {
    ReplicaUpdates: [{ Update: { RegionName: west, TableClassOverride } }],
  });
  const infrequent = await where.untilTable(
    TableName,
    west,
    (found) => found?.TableClassSummary?.TableClass === TableClassOverride,
  );
  assert.equal(infrequent?.ProvisionedThroughput?.ReadCapacityUnits, 9);
  const described = await where.untilTable(TableName, east, isSettled);
  assert.equal(described?.TableClassSummary, undefined);
  assert.equal(described?.Replicas?.[0]?.ReplicaTableClassSummary?.TableClass, TableClassOverride);
});
