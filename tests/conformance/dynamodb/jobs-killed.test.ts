import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { gunzipSync } from "node:zlib";
import {
  BatchWriteItemCommand,
  CreateBackupCommand,
  DeleteItemCommand,
  DescribeBulkOperationCommand,
  DescribeExportCommand,
  DescribeImportCommand,
  DynamoDBClient,
  ExportTableToPointInTimeCommand,
  ImportTableCommand,
  RestoreTableToPointInTimeCommand,
  StartBulkPutItemsCommand,
  type TableCreationParameters,
} from "@aws-sdk/client-dynamodb";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import {
  checkCounts,
  contentsOf,
  setRecovery,
  untilActive,
  untilAvailable,
} from "../../support/dynamodb-restores.ts";
import { makeTable, plainTable } from "../../support/dynamodb-tables.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { until } from "../../support/until.ts";

/*
 * A backup, a restore, an export, an import and a bulk put that are under way when the server dies, and dies again, come to
 * their ends, each with what it was to have.
 */

const TableName = "plain";
const Bucket = "killed";
const items = 500;
const kills = 2;

async function connect(server: ServerProcess): Promise<[DynamoDBClient, S3Client]> {
  const how = {
    endpoint: await server.ready,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000001", secretAccessKey: "test" },
  };
  return [new DynamoDBClient(how), new S3Client({ ...how, forcePathStyle: true })];
}

test("backups, restores, exports and imports go on after a kill", async () => {
  covers(
    "dynamodb.CreateBackup",
    "dynamodb.RestoreTableToPointInTime",
    "dynamodb.ExportTableToPointInTime",
    "dynamodb.ImportTable",
  );
  const dataFolder = await mkdtemp(join(tmpdir(), "tule-killed-"));
  let server = new ServerProcess(dataFolder);
  let [client, s3] = await connect(server);
  await makeTable(client, plainTable);
  for (let from = 0; from < items; from += 25) {
    const requests = Array.from({ length: 25 }, (_, at) => ({
      PutRequest: { Item: { pk: { S: `item ${from + at}` }, v: { S: "x".repeat(3_000) } } },
    }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
  }
  const expected = await contentsOf(client, TableName);
  await setRecovery(client, TableName, true);
  await s3.send(new CreateBucketCommand({ Bucket }));
  const Body = Array.from({ length: items }, (_, at) =>
    JSON.stringify({ Item: { pk: { S: `item ${at}` }, v: { S: "x".repeat(3_000) } } }),
  ).join("\n");
  await s3.send(new PutObjectCommand({ Bucket, Key: "source/items.json", Body }));
  const { BackupDetails } = await client.send(
    new CreateBackupCommand({ TableName, BackupName: "killed" }),
  );
  await client.send(
    new RestoreTableToPointInTimeCommand({
      SourceTableName: TableName,
      TargetTableName: "restored",
      UseLatestRestorableTime: true,
    }),
  );
  const { ExportDescription } = await client.send(
    new ExportTableToPointInTimeCommand({
      TableArn: BackupDetails!.BackupArn!.split("/backup/")[0],
      S3Bucket: Bucket,
      S3Prefix: "target",
    }),
  );
  const { ImportTableDescription } = await client.send(
    new ImportTableCommand({
      S3BucketSource: { S3Bucket: Bucket, S3KeyPrefix: "source/" },
      InputFormat: "DYNAMODB_JSON",
      TableCreationParameters: { ...plainTable, TableName: "imported" } as TableCreationParameters,
    }),
  );
  await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: "item 0" } } }));
  for (let killed = 0; killed < kills; killed++) {
    await server.kill();
    client.destroy();
    s3.destroy();
    server = new ServerProcess(dataFolder);
    [client, s3] = await connect(server);
  }
  await untilActive(client, "restored");
  assert.deepEqual(await contentsOf(client, "restored"), expected);
  await checkCounts(client, "restored");
  await untilAvailable(client, BackupDetails!.BackupArn!);
  const { ExportArn } = ExportDescription!;
  const ended = await until(
    async () => (await client.send(new DescribeExportCommand({ ExportArn }))).ExportDescription!,
    ({ ExportStatus }) => ExportStatus !== "IN_PROGRESS",
  );
  assert.equal(ended.ExportStatus, "COMPLETED", JSON.stringify(ended));
  assert.equal(ended.ItemCount, items);
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "target/" }));
  const lines: string[] = [];
  for (const { Key } of Contents!.filter((object) => object.Key!.includes("/data/"))) {
    const object = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const bytes = await object.Body!.transformToByteArray();
    lines.push(...gunzipSync(bytes).toString().trim().split("\n"));
  }
  assert.equal(new Set(lines).size, items);
  assert.equal(lines.length, items);
  const { ImportArn } = ImportTableDescription!;
  const imported = await until(
    async () =>
      (await client.send(new DescribeImportCommand({ ImportArn }))).ImportTableDescription!,
    ({ ImportStatus }) => ImportStatus !== "IN_PROGRESS",
  );
  assert.equal(imported.ImportStatus, "COMPLETED", JSON.stringify(imported));
  assert.equal(imported.ImportedItemCount, items);
  assert.equal(imported.ProcessedItemCount, items);
  assert.deepEqual(await contentsOf(client, "imported"), expected);
  await checkCounts(client, "imported");
  await server.kill();
  client.destroy();
  s3.destroy();
  await rm(dataFolder, { recursive: true, force: true });
});

test("a bulk put goes on after a kill and counts each item once", async (context) => {
  covers("dynamodb.StartBulkPutItems", "dynamodb.DescribeBulkOperation");
  const dataFolder = await mkdtemp(join(tmpdir(), "tule-killed-"));
  let server = new ServerProcess(dataFolder);
  let [client, s3] = await connect(server);
  context.after(async () => {
    client.destroy();
    s3.destroy();
    await server.kill();
    await rm(dataFolder, { recursive: true, force: true });
  });
  await makeTable(client, plainTable);
  await s3.send(new CreateBucketCommand({ Bucket }));
  // Each item's key comes twice: the condition that fails is the second one's, unless something is repeated.
  const recordOf = (at: number): string =>
    JSON.stringify({
      Item: { pk: { S: `item ${Math.floor(at / 2)}` }, v: { S: "x".repeat(3_000) } },
      ConditionExpression: "attribute_not_exists(pk)",
    });
  const objects = 3;
  for (let object = 0; object < objects; object++) {
    const Body = Array.from({ length: items }, (_, at) => recordOf(object * items + at)).join("\n");
    await s3.send(new PutObjectCommand({ Bucket, Key: `source/${object}`, Body }));
  }
  const { BulkOperationDescription } = await client.send(
    new StartBulkPutItemsCommand({
      TableName,
      InputS3Configuration: {
        S3Bucket: Bucket,
        S3KeyPrefix: "source/",
        InputFormat: "DYNAMODB_JSON",
      },
      OutputS3Configuration: { S3Bucket: Bucket, OutputType: ["CONDITION_CHECK_FAILURE"] },
    }),
  );
  const { BulkOperationArn } = BulkOperationDescription!;
  const describe = async () => {
    const answer = await client.send(new DescribeBulkOperationCommand({ BulkOperationArn }));
    return answer.BulkOperationDescription!;
  };
  for (let killed = 0; killed < kills; killed++) {
    await until(describe, ({ ProcessedItemCount }) => ProcessedItemCount! >= killed * items);
    await server.kill();
    client.destroy();
    s3.destroy();
    server = new ServerProcess(dataFolder);
    [client, s3] = await connect(server);
  }
  const ended = await until(
    describe,
    ({ BulkOperationStatus }) => BulkOperationStatus !== "IN_PROGRESS",
  );
  assert.equal(ended.BulkOperationStatus, "COMPLETED", JSON.stringify(ended));
  assert.equal(ended.ProcessedItemCount, objects * items);
  assert.equal(ended.ProcessedInputBytes, ended.TotalInputBytes);
  assert.equal((await contentsOf(client, TableName)).length, (objects * items) / 2);
  await checkCounts(client, TableName);
  const id = BulkOperationArn!.split("/").at(-1)!;
  const { Body } = await s3.send(
    new GetObjectCommand({
      Bucket,
      Key: `AWSDynamoDB/${id}/condition-check-failure/00001.json.gz`,
    }),
  );
  const lines = gunzipSync(await Body!.transformToByteArray())
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { S3Key: string; RecordNumber: number });
  assert.equal(lines.length, (objects * items) / 2);
  assert(lines.every(({ RecordNumber }) => RecordNumber % 2 === 0));
  assert.equal(
    new Set(lines.map((line) => `${line.S3Key}/${line.RecordNumber}`)).size,
    lines.length,
  );
});
