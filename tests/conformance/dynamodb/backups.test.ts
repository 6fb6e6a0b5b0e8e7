import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import {
  type BackupSummary,
  BatchWriteItemCommand,
  CreateBackupCommand,
  CreateTableCommand,
  DeleteBackupCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeBackupCommand,
  type DynamoDBClient,
  ListBackupsCommand,
  type ListBackupsCommandInput,
  PutItemCommand,
  RestoreTableFromBackupCommand,
  type RestoreTableFromBackupCommandInput,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import {
  checkCounts,
  contentsOf,
  describeTable,
  untilActive,
  untilAvailable,
} from "../../support/dynamodb-restores.ts";
import { indexedTable, makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

/*
 * What is refused, what is accepted and what is shown is AWS's, as it was measured in October 2026 (ack-api-quirks,
 * DDB-BACKUP-001 to 027; DDB-TABLE-217, 219, 273, 279 and 280).
 */

const TableName = "plain";
const tule = await startTule();

async function createBackup(client: DynamoDBClient, BackupName = "first"): Promise<string> {
  const { BackupDetails } = await client.send(new CreateBackupCommand({ TableName, BackupName }));
  assert.equal(BackupDetails!.BackupStatus, "CREATING");
  return BackupDetails!.BackupArn!;
}

const put = (client: DynamoDBClient, pk: string, value: string): Promise<unknown> =>
  client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, v: { S: value } } }));

async function fill(client: DynamoDBClient, count: number, value = "first"): Promise<void> {
  for (let from = 0; from < count; from += 25) {
    const requests = Array.from({ length: Math.min(25, count - from) }, (_, at) => ({
      PutRequest: { Item: { pk: { S: `item ${from + at}` }, v: { S: value } } },
    }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
  }
}

const restore = (
  client: DynamoDBClient,
  BackupArn: string,
  overrides: Partial<RestoreTableFromBackupCommandInput> = {},
): Promise<unknown> =>
  client.send(
    new RestoreTableFromBackupCommand({ BackupArn, TargetTableName: "restored", ...overrides }),
  );

async function list(
  client: DynamoDBClient,
  input: ListBackupsCommandInput = {},
): Promise<BackupSummary[]> {
  return (await client.send(new ListBackupsCommand(input))).BackupSummaries!;
}

test("a backup is of the moment it was asked for, whatever is written meanwhile", async () => {
  covers("dynamodb.CreateBackup", "dynamodb.RestoreTableFromBackup");
  const client = tule.dynamodb();
  await makeTable(client, plainTable);
  await fill(client, 2_000);
  const before = await contentsOf(client, TableName);
  const arn = await createBackup(client);
  const writes = Array.from({ length: 300 }, (_, at) =>
    at % 3 === 0
      ? client.send(
          new DeleteItemCommand({ TableName, Key: { pk: { S: `item ${(at * 37) % 2_000}` } } }),
        )
      : put(client, at % 3 === 1 ? `item ${(at * 37) % 2_000}` : `new ${at}`, "second"),
  );
  const second = await createBackup(client, "second");
  await Promise.all(writes);
  await untilAvailable(client, arn);
  await untilAvailable(client, second);
  await restore(client, arn);
  await untilActive(client, "restored");
  assert.deepEqual(await contentsOf(client, "restored"), before);
  await checkCounts(client, "restored");
  const { BackupDescription } = await client.send(new DescribeBackupCommand({ BackupArn: arn }));
  assert.equal(BackupDescription!.SourceTableDetails!.ItemCount, 2_000);
});

test("a backup tells of its table as it was, and outlives it", async () => {
  covers("dynamodb.DescribeBackup", "dynamodb.CreateBackup", "dynamodb.DeleteTable");
  const client = tule.dynamodb();
  await makeTable(client, {
    ...indexedTable,
    TableName,
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
  });
  const table = await describeTable(client, TableName);
  const arn = await createBackup(client);
  // Deleted while the backup may still be on its way.
  await client.send(new DeleteTableCommand({ TableName }));
  await untilAvailable(client, arn);
  const { BackupDescription } = await client.send(new DescribeBackupCommand({ BackupArn: arn }));
  const { BackupDetails, SourceTableDetails, SourceTableFeatureDetails } = BackupDescription!;
  assert.match(arn, /:table\/plain\/backup\/\d{14}-[0-9a-f]{8}$/);
  assert.deepEqual(
    { ...BackupDetails, BackupCreationDateTime: undefined },
    {
      BackupArn: arn,
      BackupCreationDateTime: undefined,
      BackupName: "first",
      BackupSizeBytes: 0,
      BackupStatus: "AVAILABLE",
      BackupType: "USER",
    },
  );
  assert.deepEqual(SourceTableDetails, {
    TableName,
    TableId: table.TableId,
    TableArn: table.TableArn,
    TableSizeBytes: 0,
    KeySchema: table.KeySchema,
    TableCreationDateTime: table.CreationDateTime,
    ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
    ItemCount: 0,
    BillingMode: "PAY_PER_REQUEST",
  });
  assert.deepEqual(SourceTableFeatureDetails!.StreamDescription, {
    StreamEnabled: true,
    StreamViewType: "NEW_IMAGE",
  });
  assert.deepEqual(
    SourceTableFeatureDetails!.GlobalSecondaryIndexes!.map(({ IndexName }) => IndexName),
    ["by-g", "by-h"],
  );
  assert.deepEqual(SourceTableFeatureDetails!.LocalSecondaryIndexes, [
    {
      IndexName: "by-l",
      KeySchema: indexedTable.LocalSecondaryIndexes![0]!.KeySchema,
      Projection: { ProjectionType: "KEYS_ONLY" },
    },
  ]);
  // A table of the same name: only the ids tell their backups apart.
  await until(
    () => client.send(new CreateTableCommand(plainTable)).catch((error: Error) => error.name),
    (answer) => answer !== "ResourceInUseException",
  );
  await untilActive(client, TableName);
  await createBackup(client, "second");
  const ids = (await list(client, { TableName })).map(({ TableId }) => TableId);
  assert.equal(new Set(ids).size, 2);
  await restore(client, arn);
  assert.deepEqual((await untilActive(client, "restored")).KeySchema, indexedTable.KeySchema);
});

test("backups are listed by type, table and time, page by page", async () => {
  covers("dynamodb.ListBackups");
  const client = tule.dynamodb();
  await makeTable(client, plainTable);
  const arns: string[] = [];
  for (const name of ["same", "same", "third"]) {
    arns.push(await createBackup(client, name));
    tule.clock.moveTo(tule.clock.nowMs() + 10);
  }
  const listed = await list(client);
  assert.deepEqual(
    listed.map(({ BackupArn }) => BackupArn),
    arns,
  );
  assert.deepEqual(
    listed.map(({ BackupName }) => BackupName),
    ["same", "same", "third"],
  );
  assert.deepEqual(await list(client, { TableName: "no-such-table" }), []);
  assert.deepEqual(await list(client, { BackupType: "SYSTEM" }), []);
  assert.deepEqual(await list(client, { BackupType: "AWS_BACKUP" }), []);
  assert.equal((await list(client, { BackupType: "ALL" })).length, 3);
  const second = listed[1]!.BackupCreationDateTime!;
  assert.equal((await list(client, { TimeRangeLowerBound: second })).length, 2);
  assert.equal((await list(client, { TimeRangeUpperBound: second })).length, 1);
  const first = await client.send(new ListBackupsCommand({ Limit: 2 }));
  assert.equal(first.LastEvaluatedBackupArn, arns[1]);
  const rest = await client.send(
    new ListBackupsCommand({ Limit: 2, ExclusiveStartBackupArn: first.LastEvaluatedBackupArn }),
  );
  assert.deepEqual(
    rest.BackupSummaries!.map(({ BackupArn }) => BackupArn),
    [arns[2]],
  );
  assert.equal(rest.LastEvaluatedBackupArn, undefined);
  const whole = await client.send(new ListBackupsCommand({ Limit: 3 }));
  assert.equal(whole.LastEvaluatedBackupArn, undefined);
  assert.match(
    await refusal(
      list(client, { TimeRangeLowerBound: new Date(2_000), TimeRangeUpperBound: new Date(1_000) }),
    ),
    /^ValidationException: Time range lower bound must be less than or equal to upper bound/,
  );
});

test("a deleted backup is gone at once", async () => {
  covers("dynamodb.DeleteBackup");
  const client = tule.dynamodb();
  await makeTable(client, plainTable);
  const BackupArn = await createBackup(client);
  await untilAvailable(client, BackupArn);
  const { BackupDescription } = await client.send(new DeleteBackupCommand({ BackupArn }));
  assert.equal(BackupDescription!.BackupDetails!.BackupStatus, "DELETED");
  assert.equal(BackupDescription!.SourceTableDetails!.TableName, TableName);
  const gone = `BackupNotFoundException: Backup not found: ${BackupArn}`;
  assert.equal(await refusal(client.send(new DescribeBackupCommand({ BackupArn }))), gone);
  assert.equal(await refusal(client.send(new DeleteBackupCommand({ BackupArn }))), gone);
  assert.equal(await refusal(restore(client, BackupArn)), gone);
  assert.deepEqual(await list(client), []);
});

test("what cannot be backed up or restored is refused in AWS's words", async () => {
  covers("dynamodb.CreateBackup", "dynamodb.RestoreTableFromBackup", "dynamodb.DescribeBackup");
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  assert.equal(
    await refusal(createBackup(client)),
    "TableNotFoundException: Table not found: plain",
  );
  await makeTable(client, plainTable);
  const arn = await createBackup(client);
  await untilAvailable(client, arn);
  const refused = (overrides: Partial<RestoreTableFromBackupCommandInput>): Promise<string> =>
    refusal(restore(client, arn, overrides));
  assert.equal(
    await refused({ TargetTableName: TableName }),
    "TableAlreadyExistsException: Table already exists: plain",
  );
  assert.equal(
    await refused({
      ProvisionedThroughputOverride: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    }),
    "ValidationException: Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED",
  );
  assert.equal(
    await refused({ BillingModeOverride: "PROVISIONED" }),
    "ValidationException: Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED",
  );
  assert.equal(
    await refused({
      GlobalSecondaryIndexOverride: [
        {
          IndexName: "new",
          KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      ],
    }),
    "ValidationException: Index new does not match a secondary index that existed in the source table and cannot be created during the restore operation",
  );
  assert.equal(
    await refused({ BackupArn: `arn:aws:dynamodb:us-east-1:${account}:table/plain` }),
    "ValidationException: Invalid Backup ARN",
  );
  assert.equal(
    await refused({ BackupArn: arn.replace(account, "999999999999") }),
    "AccessDeniedException: Access is denied",
  );
  const elsewhere = tule.dynamodb(account, { region: "eu-west-1" });
  assert.equal(
    await refusal(elsewhere.send(new DescribeBackupCommand({ BackupArn: arn }))),
    `BackupNotFoundException: Backup not found: ${arn}`,
  );
  // AWS finds a backup under another region's name, and answers with that.
  const renamed = arn.replace("us-east-1", "eu-west-1");
  const { BackupDescription } = await client.send(
    new DescribeBackupCommand({ BackupArn: renamed }),
  );
  assert.equal(BackupDescription!.BackupDetails!.BackupArn, renamed);
  await restore(elsewhere, arn, {
    SSESpecificationOverride: { Enabled: true, SSEType: "KMS" },
  });
  await untilActive(elsewhere, "restored");
});

test("a backup serves one restore at a time and cannot be deleted meanwhile", async () => {
  covers("dynamodb.RestoreTableFromBackup", "dynamodb.DeleteBackup");
  // On disk, where a restore takes its time.
  const dataFolder = await mkdtemp(join(tmpdir(), "tule-backups-"));
  const onDisk = await startTule({ dataFolder });
  const client = onDisk.dynamodb();
  await makeTable(client, plainTable);
  await fill(client, 200, "x".repeat(60_000));
  const arn = await createBackup(client);
  await untilAvailable(client, arn);
  // A connection for each of the requests that follow.
  await Promise.all(Array.from({ length: 4 }, () => list(client)));
  // Sent together: the later ones come while the first one's table is being filled.
  const [first, second, third, fourth] = await Promise.allSettled([
    restore(client, arn),
    restore(client, arn, { TargetTableName: "another" }),
    client.send(new DeleteBackupCommand({ BackupArn: arn })),
    client.send(new DeleteTableCommand({ TableName: "restored" })),
  ]);
  const said = (answer: PromiseSettledResult<unknown>): string =>
    answer.status === "rejected" ? String(answer.reason) : "accepted";
  assert.equal(said(first), "accepted");
  assert.equal(
    said(second),
    `BackupInUseException: Backup is being used to restore another table: ${arn}`,
  );
  assert.equal(said(third), `BackupInUseException: Backup is being used to restore table: ${arn}`);
  assert.match(said(fourth), /^ResourceInUseException/);
  await untilActive(client, "restored");
  assert.equal((await contentsOf(client, "restored")).length, 200);
  await restore(client, arn, { TargetTableName: "another" });
  await untilActive(client, "another");
  await client.send(new DeleteBackupCommand({ BackupArn: arn }));
  await onDisk.close();
  await rm(dataFolder, { recursive: true, force: true });
});

test("a restore takes billing, throughput, indexes and encryption as overridden", async () => {
  covers("dynamodb.RestoreTableFromBackup");
  const client = tule.dynamodb();
  await makeTable(client, { ...indexedTable, TableName });
  for (let at = 0; at < 30; at++) {
    const Item = {
      pk: { S: "p" },
      sk: { N: String(at) },
      g: { S: "g" },
      h: { N: "1" },
      l: { S: "l" },
    };
    await client.send(new PutItemCommand({ TableName, Item }));
  }
  const arn = await createBackup(client);
  await untilAvailable(client, arn);
  const [byG] = indexedTable.GlobalSecondaryIndexes!;
  await restore(client, arn, {
    BillingModeOverride: "PROVISIONED",
    ProvisionedThroughputOverride: { ReadCapacityUnits: 7, WriteCapacityUnits: 6 },
    GlobalSecondaryIndexOverride: [
      {
        ...byG!,
        IndexName: "renamed",
        ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 2 },
      },
    ],
    LocalSecondaryIndexOverride: [],
    SSESpecificationOverride: { Enabled: true, SSEType: "KMS" },
  });
  const restored = await untilActive(client, "restored");
  assert.equal(restored.ProvisionedThroughput!.ReadCapacityUnits, 7);
  assert.equal(restored.ProvisionedThroughput!.WriteCapacityUnits, 6);
  assert.equal(restored.LocalSecondaryIndexes, undefined);
  assert.equal(restored.SSEDescription!.Status, "ENABLED");
  const [index, ...others] = restored.GlobalSecondaryIndexes!;
  assert.deepEqual(others, []);
  assert.equal(index!.IndexName, "renamed");
  assert.equal(index!.IndexStatus, "ACTIVE");
  assert.equal(index!.ProvisionedThroughput!.ReadCapacityUnits, 3);
  assert.deepEqual(
    restored.AttributeDefinitions!.map(({ AttributeName }) => AttributeName),
    ["g", "pk", "sk"],
  );
  assert.deepEqual(
    await contentsOf(client, "restored", "renamed"),
    await contentsOf(client, TableName, "by-g"),
  );
  await checkCounts(client, "restored");
  await restore(client, arn, {
    TargetTableName: "without",
    GlobalSecondaryIndexOverride: [],
    LocalSecondaryIndexOverride: [],
  });
  const without = await untilActive(client, "without");
  assert.equal(without.GlobalSecondaryIndexes, undefined);
  assert.equal(without.LocalSecondaryIndexes, undefined);
});
