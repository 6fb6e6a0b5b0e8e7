import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeBackupCommand,
  DescribeContinuousBackupsCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ListBackupsCommand,
  ListTagsOfResourceCommand,
  type PointInTimeRecoveryDescription,
  PutItemCommand,
  RestoreTableFromBackupCommand,
  RestoreTableToPointInTimeCommand,
  type RestoreTableToPointInTimeCommandInput,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import {
  checkCounts,
  contentsOf,
  describeTable,
  setRecovery,
  untilActive,
} from "../../support/dynamodb-restores.ts";
import { indexedTable, makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule, type Tule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

/*
 * What is refused, how and in which order is AWS's, as it was measured in October 2026 (ack-api-quirks, DDB-TABLE-086, 100,
 * 215 to 219, 272 to 279 and 447).
 */

const TableName = "plain";

async function recovery(
  client: DynamoDBClient,
  table = TableName,
): Promise<PointInTimeRecoveryDescription> {
  const answer = await client.send(new DescribeContinuousBackupsCommand({ TableName: table }));
  return answer.ContinuousBackupsDescription!.PointInTimeRecoveryDescription!;
}

/** To the next full second, and a second more. */
function nextSecond(tule: Tule): Date {
  const { clock } = tule;
  clock.moveTo((Math.floor(clock.nowMs() / 1000) + 2) * 1000);
  return new Date(Math.floor(clock.nowMs() / 1000) * 1000);
}

const put = (client: DynamoDBClient, pk: string, value: string): Promise<unknown> =>
  client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, v: { S: value } } }));

function restore(
  client: DynamoDBClient,
  input: Partial<RestoreTableToPointInTimeCommandInput>,
): Promise<unknown> {
  const given = { SourceTableName: TableName, TargetTableName: "restored", ...input };
  return client.send(new RestoreTableToPointInTimeCommand(given));
}

test("point-in-time recovery is off at first; its window begins when it is switched on", async () => {
  covers("dynamodb.UpdateContinuousBackups", "dynamodb.DescribeContinuousBackups");
  const tule = await startTule();
  const client = tule.dynamodb();
  assert.equal(await refusal(recovery(client)), "TableNotFoundException: Table not found: plain");
  await makeTable(client, plainTable);
  assert.deepEqual(await recovery(client), { PointInTimeRecoveryStatus: "DISABLED" });
  await setRecovery(client, TableName, true);
  // recorded: localstack's test_continuous_backup_update
  const first = await recovery(client);
  assert.equal(first.PointInTimeRecoveryStatus, "ENABLED");
  assert.equal(first.RecoveryPeriodInDays, 35);
  tule.clock.moveTo(tule.clock.nowMs() + 10 * 86_400_000);
  const later = await recovery(client);
  assert.deepEqual(later.EarliestRestorableDateTime, first.EarliestRestorableDateTime);
  assert(later.LatestRestorableDateTime! > first.LatestRestorableDateTime!);
  await setRecovery(client, TableName, true, 2);
  const shorter = await recovery(client);
  assert.equal(shorter.RecoveryPeriodInDays, 2);
  const reachMs =
    shorter.LatestRestorableDateTime!.getTime() - shorter.EarliestRestorableDateTime!.getTime();
  assert.equal(reachMs, 2 * 86_400_000);
  // A longer period does not bring back what was given up.
  await setRecovery(client, TableName, true, 30);
  const longer = await recovery(client);
  const grownMs =
    longer.EarliestRestorableDateTime!.getTime() - shorter.EarliestRestorableDateTime!.getTime();
  assert(grownMs >= 0 && grownMs <= 5_000, `${grownMs}`);
  await setRecovery(client, TableName, false);
  assert.deepEqual(await recovery(client), { PointInTimeRecoveryStatus: "DISABLED" });
});

test("a table is restored to the seconds that were chosen, several at a time", async () => {
  covers("dynamodb.RestoreTableToPointInTime");
  const tule = await startTule();
  const client = tule.dynamodb();
  await makeTable(client, plainTable);
  await put(client, "old", "before recovery");
  nextSecond(tule);
  await setRecovery(client, TableName, true);
  const moments: { at: Date; contents: string[] }[] = [];
  const remember = async (): Promise<void> => {
    moments.push({ at: nextSecond(tule), contents: await contentsOf(client, TableName) });
    nextSecond(tule);
  };
  await remember();
  await put(client, "a", "1");
  await put(client, "a", "2");
  await remember();
  await put(client, "a", "3");
  await put(client, "b", "1");
  await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: "old" } } }));
  await remember();
  await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: "a" } } }));
  await put(client, "old", "again");
  await remember();
  tule.clock.moveTo(tule.clock.nowMs() + 3 * 86_400_000);
  await put(client, "b", "days later");
  const targets = moments.map((_, at) => `restored-${at}`);
  await Promise.all(
    moments.map(({ at }, position) =>
      restore(client, { TargetTableName: targets[position]!, RestoreDateTime: at }),
    ),
  );
  await put(client, "a", "while it is restored");
  for (const [position, { contents }] of moments.entries()) {
    await untilActive(client, targets[position]!);
    assert.deepEqual(await contentsOf(client, targets[position]!), contents);
    await checkCounts(client, targets[position]!);
  }
});

test("the latest restorable time is now", async () => {
  covers("dynamodb.RestoreTableToPointInTime");
  const tule = await startTule();
  const client = tule.dynamodb();
  await makeTable(client, plainTable);
  await setRecovery(client, TableName, true);
  await put(client, "a", "1");
  await restore(client, { UseLatestRestorableTime: true });
  await put(client, "a", "2");
  await untilActive(client, "restored");
  assert.deepEqual(await contentsOf(client, "restored"), [`{"pk":{"S":"a"},"v":{"S":"1"}}`]);
});

test("a restored table has the source's keys and indexes, and none of its other settings", async () => {
  covers("dynamodb.RestoreTableToPointInTime");
  const tule = await startTule();
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const source = "indexed";
  await makeTable(client, {
    ...indexedTable,
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
    DeletionProtectionEnabled: true,
    SSESpecification: { Enabled: true, SSEType: "KMS" },
    OnDemandThroughput: { MaxReadRequestUnits: 100, MaxWriteRequestUnits: 50 },
    Tags: [{ Key: "a", Value: "b" }],
  });
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: source,
      TimeToLiveSpecification: { Enabled: true, AttributeName: "ttl" },
    }),
  );
  await setRecovery(client, source, true);
  for (let at = 0; at < 250; at++) {
    await client.send(
      new PutItemCommand({
        TableName: source,
        Item: {
          pk: { S: `p${at % 7}` },
          sk: { N: String(at) },
          g: { S: `g${at % 3}` },
          note: { S: "x" },
          ...(at % 2 === 0 && { h: { N: String(at % 5) } }),
          ...(at % 3 === 0 && { l: { S: `l${at}` } }),
        },
      }),
    );
  }
  const answer = await client.send(
    new RestoreTableToPointInTimeCommand({
      SourceTableName: source,
      TargetTableName: "restored",
      UseLatestRestorableTime: true,
    }),
  );
  const target = answer.TableDescription!;
  assert.equal(target.TableStatus, "CREATING");
  assert.equal(target.RestoreSummary!.RestoreInProgress, true);
  const sourceArn = (await describeTable(client, source)).TableArn!;
  assert.equal(target.RestoreSummary!.SourceTableArn, sourceArn);
  assert.equal(target.RestoreSummary!.SourceBackupArn, undefined);
  const restored = await untilActive(client, "restored");
  assert.equal(restored.RestoreSummary, undefined);
  assert.deepEqual(await contentsOf(client, "restored"), await contentsOf(client, source));
  for (const index of ["by-g", "by-h", "by-l"]) {
    assert.deepEqual(
      await contentsOf(client, "restored", index),
      await contentsOf(client, source, index),
    );
  }
  await checkCounts(client, "restored");
  const before = await describeTable(client, source);
  assert.deepEqual(restored.KeySchema, before.KeySchema);
  assert.deepEqual(restored.AttributeDefinitions, before.AttributeDefinitions);
  assert.deepEqual(restored.OnDemandThroughput, before.OnDemandThroughput);
  assert.deepEqual(restored.SSEDescription, before.SSEDescription);
  assert.equal(restored.BillingModeSummary?.BillingMode, "PAY_PER_REQUEST");
  assert.equal(restored.LatestStreamArn, undefined);
  assert.equal(restored.DeletionProtectionEnabled, false);
  assert.deepEqual(await recovery(client, "restored"), { PointInTimeRecoveryStatus: "DISABLED" });
  const { TimeToLiveDescription } = await client.send(
    new DescribeTimeToLiveCommand({ TableName: "restored" }),
  );
  assert.equal(TimeToLiveDescription?.TimeToLiveStatus, "DISABLED");
  const { Tags } = await client.send(
    new ListTagsOfResourceCommand({ ResourceArn: restored.TableArn! }),
  );
  assert.deepEqual(Tags, []);
});

test("what is wrong with a restore is said in AWS's order and words", async () => {
  covers("dynamodb.RestoreTableToPointInTime");
  const tule = await startTule();
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  await makeTable(client, plainTable);
  await makeTable(client, { ...plainTable, TableName: "other" });
  const refused = (input: Partial<RestoreTableToPointInTimeCommandInput>): Promise<string> =>
    refusal(restore(client, input));
  const off =
    "PointInTimeRecoveryUnavailableException: Point in time recovery is not enabled for table 'plain'";
  const exists = "TableAlreadyExistsException: Table already exists: other";
  const arn = `arn:aws:dynamodb:us-east-1:${account}:table/plain`;
  assert.equal(await refused({ UseLatestRestorableTime: true, TargetTableName: "other" }), off);
  assert.equal(await refused({ RestoreDateTime: new Date(0) }), off);
  assert.equal(
    await refused({ SourceTableName: "missing", UseLatestRestorableTime: true }),
    "TableNotFoundException: Table not found: missing",
  );
  assert.match(
    await refused({ UseLatestRestorableTime: true, RestoreDateTime: new Date() }),
    /^ValidationException: Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set/,
  );
  assert.match(
    await refused({ UseLatestRestorableTime: false }),
    /^ValidationException: Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must/,
  );
  assert.equal(
    await refused({ SourceTableArn: arn, UseLatestRestorableTime: true }),
    "ValidationException: Must provide exactly one of: sourceTableArn, sourceTableName",
  );
  assert.equal(
    await refused({ SourceTableName: undefined, UseLatestRestorableTime: true }),
    "ValidationException: The parameter 'TableName' is required",
  );
  await setRecovery(client, TableName, true);
  for (const RestoreDateTime of [new Date(0), new Date(tule.clock.nowMs() + 3_600_000)]) {
    assert.match(
      await refused({ RestoreDateTime, TargetTableName: "other" }),
      /^InvalidRestoreTimeException: RestoreDateTime '[^']+Z' must be within EarliestRestorableDateTime '[^']+Z' and LatestRestorableDateTime '[^']+Z'$/,
    );
  }
  assert.equal(await refused({ UseLatestRestorableTime: true, TargetTableName: "other" }), exists);
  assert.equal(
    await refused({ UseLatestRestorableTime: true, TargetTableName: "plain" }),
    "TableAlreadyExistsException: Table already exists: plain",
  );
  assert.match(
    await refused({ TargetTableName: "bad name!", UseLatestRestorableTime: true }),
    /^ValidationException: 1 validation error detected: Value 'bad name!' at 'targetTableName'/,
  );
});

test("a table of another region is restored by its ARN, with an encryption of the region's own", async () => {
  covers("dynamodb.RestoreTableToPointInTime");
  const tule = await startTule();
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const elsewhere = tule.dynamodb(account, { region: "eu-west-1" });
  await makeTable(client, plainTable);
  await setRecovery(client, TableName, true);
  await put(client, "a", "1");
  const input = {
    SourceTableName: undefined,
    SourceTableArn: `arn:aws:dynamodb:us-east-1:${account}:table/plain`,
    UseLatestRestorableTime: true,
  };
  assert.equal(
    await refusal(restore(elsewhere, input)),
    "ValidationException: Invalid Request: sseSpecificationOverride must be provided for cross-region restores",
  );
  await restore(elsewhere, {
    ...input,
    SSESpecificationOverride: { Enabled: true, SSEType: "KMS" },
  });
  const restored = await untilActive(elsewhere, "restored");
  assert.match(restored.SSEDescription!.KMSMasterKeyArn!, /:eu-west-1:/);
  assert.equal(restored.TableArn, `arn:aws:dynamodb:eu-west-1:${account}:table/restored`);
  assert.deepEqual(await contentsOf(elsewhere, "restored"), await contentsOf(client, TableName));
});

test("a deleted table with recovery leaves a backup that expires after 35 days", async () => {
  covers("dynamodb.ListBackups", "dynamodb.RestoreTableFromBackup", "dynamodb.DeleteTable");
  const tule = await startTule();
  const client = tule.dynamodb();
  await makeTable(client, plainTable);
  await setRecovery(client, TableName, true);
  await put(client, "a", "1");
  await client.send(new DeleteTableCommand({ TableName }));
  const listed = await until(
    async () =>
      (await client.send(new ListBackupsCommand({ TableName, BackupType: "SYSTEM" })))
        .BackupSummaries!,
    (summaries) => summaries.length > 0,
  );
  const { BackupSummaries: users } = await client.send(new ListBackupsCommand({ TableName }));
  assert.deepEqual(users, []);
  const [backup] = listed;
  assert.equal(backup!.BackupName, "plain$DeletedTableBackup");
  assert.equal(backup!.BackupStatus, "AVAILABLE");
  assert.match(backup!.BackupArn!, /:table\/plain\/backup\/\d{14}-00000000$/);
  const keptMs =
    backup!.BackupExpiryDateTime!.getTime() - backup!.BackupCreationDateTime!.getTime();
  assert.equal(keptMs, 35 * 86_400_000);
  const BackupArn = backup!.BackupArn!;
  // A new table of the name does not meet the old one's items.
  await client.send(new CreateTableCommand(plainTable));
  await untilActive(client, TableName);
  await client.send(new RestoreTableFromBackupCommand({ BackupArn, TargetTableName: "restored" }));
  await untilActive(client, "restored");
  assert.deepEqual(await contentsOf(client, "restored"), [`{"pk":{"S":"a"},"v":{"S":"1"}}`]);
  assert.deepEqual(await contentsOf(client, TableName), []);
  tule.clock.moveTo(tule.clock.nowMs() + 36 * 86_400_000);
  await until(
    () =>
      client
        .send(new DescribeBackupCommand({ BackupArn }))
        .then(() => "there")
        .catch((error: Error) => error.name),
    (name) => name === "BackupNotFoundException",
  );
});
