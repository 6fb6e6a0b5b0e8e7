import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateBackupCommand,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DescribeBackupCommand,
  DescribeImportCommand,
  type DynamoDBClient,
  ImportTableCommand,
  PutItemCommand,
  RestoreTableFromBackupCommand,
  RestoreTableToPointInTimeCommand,
  SearchVectorsCommand,
  type TableCreationParameters,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  type VectorIndex,
} from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import {
  describeTable,
  setRecovery,
  untilActive,
  untilAvailable,
} from "../../support/dynamodb-restores.ts";
import { makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const TableName = plainTable.TableName!;
const invalid = "ValidationException: One or more parameter values were invalid: ";

const index: VectorIndex = {
  IndexName: "near",
  VectorAttribute: { AttributeName: "embedding" },
  Dimensions: 2,
  DistanceFunction: "EUCLIDEAN",
  Projection: { ProjectionType: "KEYS_ONLY" },
};
const withIndex: CreateTableCommandInput = { ...plainTable, VectorIndexes: [index] };

const list = (numbers: readonly number[]): AttributeValue[] =>
  numbers.map((number) => ({ N: String(number) }));

async function fill(client: DynamoDBClient, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const Item = { pk: { S: String(at) }, embedding: { L: list([at, 0]) } };
    await client.send(new PutItemCommand({ TableName, Item }));
  }
}

async function nearest(client: DynamoDBClient, name = TableName): Promise<string[]> {
  const { SearchResults = [] } = await client.send(
    new SearchVectorsCommand({
      TableName: name,
      IndexName: "near",
      SearchVector: list([0, 0]),
      TopK: 3,
    }),
  );
  return SearchResults.map(({ Item }) => Item!["pk"]!.S!);
}

const tule = await startTule();

test("definitions that AWS refuses are refused in its words", async () => {
  covers("dynamodb.CreateTable");
  const client = tule.dynamodb();
  const refused = (changes: Partial<CreateTableCommandInput>): Promise<string> =>
    refusal(client.send(new CreateTableCommand({ ...plainTable, ...changes })));
  assert.equal(
    await refused({
      VectorIndexes: [index],
      BillingMode: "PROVISIONED",
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    }),
    `${invalid}Vector indexes are only supported for PAY_PER_REQUEST tables`,
  );
  assert.equal(
    await refused({ VectorIndexes: [{ ...index, Dimensions: 4097 }] }),
    `${invalid}Number of dimensions must be between 1 and 4096 inclusive.`,
  );
  assert.equal(
    await refused({
      VectorIndexes: Array.from({ length: 6 }, (_, at) => ({ ...index, IndexName: `near-${at}` })),
    }),
    `${invalid}VectorIndex count exceeds the per-table limit of 5`,
  );
  assert.equal(
    await refused({ VectorIndexes: [index, { ...index, IndexName: "other", Dimensions: 3 }] }),
    `${invalid}Conflicting attribute definition for 'embedding'. All VectorIndexes on the same vector attribute must use the same dimensions.`,
  );
  const SearchSchema: VectorIndex["SearchSchema"] = [
    { AttributeName: "tenant", SearchSchemaElementType: "HASH" },
  ];
  assert.equal(
    await refused({ VectorIndexes: [{ ...index, SearchSchema }] }),
    `${invalid}One element in SearchSchema is not defined in attribute definitions`,
  );
});

test("an index comes to a table with items, serves, and goes", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.DescribeTable", "dynamodb.SearchVectors");
  const client = tule.dynamodb();
  await makeTable(client, plainTable);
  await fill(client, 150);
  const Create = index;
  const { TableDescription: begun } = await client.send(
    new UpdateTableCommand({ TableName, VectorIndexUpdates: [{ Create }] }),
  );
  assert.equal(begun?.VectorIndexes?.[0]?.IndexStatus, "CREATING");
  const table = await until(
    () => describeTable(client, TableName),
    ({ VectorIndexes }) => VectorIndexes?.[0]?.IndexStatus === "ACTIVE",
  );
  const described = table.VectorIndexes![0]!;
  assert.equal(described.Backfilling, undefined);
  assert.equal(described.ItemCount, 150);
  assert.equal(described.IndexArn, `${table.TableArn}/index/near`);
  assert.deepEqual(await nearest(client), ["0", "1", "2"]);
  const two = [
    { Create: { ...index, IndexName: "one" } },
    { Create: { ...index, IndexName: "two" } },
  ];
  assert.equal(
    await refusal(client.send(new UpdateTableCommand({ TableName, VectorIndexUpdates: two }))),
    "LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
  );
  const Delete = { IndexName: "near" };
  await client.send(new UpdateTableCommand({ TableName, VectorIndexUpdates: [{ Delete }] }));
  const without = await until(
    () => describeTable(client, TableName),
    ({ VectorIndexes }) => VectorIndexes === undefined,
  );
  assert.equal(without.TableStatus, "ACTIVE");
  assert.match(await refusal(nearest(client)), /does not have the specified index: near$/);
});

test("a restored table has the indexes that its backup had, or none if that is asked", async () => {
  covers("dynamodb.RestoreTableFromBackup", "dynamodb.DescribeBackup");
  const client = tule.dynamodb();
  await makeTable(client, withIndex);
  await fill(client, 5);
  const { BackupDetails } = await client.send(
    new CreateBackupCommand({ TableName, BackupName: "vectors" }),
  );
  const BackupArn = BackupDetails!.BackupArn!;
  await untilAvailable(client, BackupArn);
  const { BackupDescription } = await client.send(new DescribeBackupCommand({ BackupArn }));
  assert.deepEqual(BackupDescription!.SourceTableFeatureDetails!.VectorIndexes, [index]);
  const restore = async (TargetTableName: string, VectorIndexOverride?: VectorIndex[]) => {
    await client.send(
      new RestoreTableFromBackupCommand({ TargetTableName, BackupArn, VectorIndexOverride }),
    );
    return untilActive(client, TargetTableName);
  };
  await restore("all");
  assert.deepEqual(await nearest(client, "all"), ["0", "1", "2"]);
  const { VectorIndexes, ItemCount } = await restore("none", []);
  assert.deepEqual([VectorIndexes, ItemCount], [undefined, 5]);
});

test("an index of several slices is searched to its end", async () => {
  covers("dynamodb.SearchVectors", "dynamodb.BatchWriteItem");
  const client = tule.dynamodb();
  await makeTable(client, withIndex);
  const count = 1_250;
  for (let from = 0; from < count; from += 25) {
    const requests = Array.from({ length: 25 }, (_, at) => {
      // The nearest ones are spread over all slices: items stand in the order of a hash.
      const Item = { pk: { S: String(from + at) }, embedding: { L: list([from + at, 1]) } };
      return { PutRequest: { Item } };
    });
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
  }
  const search = (SearchVector: AttributeValue[], TopK: number) =>
    client.send(
      new SearchVectorsCommand({
        TableName,
        IndexName: "near",
        SearchVector,
        TopK,
        ReturnConsumedCapacity: "TOTAL",
      }),
    );
  for (const middle of [0, 400, 625, 900, count - 1]) {
    const { SearchResults, ConsumedCapacity } = await search(list([middle, 1]), 3);
    const found = SearchResults!.map(({ Item }) => Number(Item!["pk"]!.S));
    assert.equal(found[0], middle);
    assert(found.every((key) => Math.abs(key - middle) <= 2));
    // All were compared: two floats each.
    assert(ConsumedCapacity!.VectorSearchRequestBytes! >= count * 8);
  }
  const { SearchResults } = await search(list([0, 1]), 100);
  assert.deepEqual(
    SearchResults!.map(({ Item }) => Item!["pk"]!.S),
    Array.from({ length: 100 }, (_, at) => String(at)),
  );
});

test("items that expire go from the index", async () => {
  covers("dynamodb.UpdateTimeToLive", "dynamodb.SearchVectors");
  const client = tule.dynamodb();
  await makeTable(client, withIndex);
  await fill(client, 3);
  const TimeToLiveSpecification = { Enabled: true, AttributeName: "expires" };
  await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  const expires = { N: String(Math.floor(tule.clock.nowMs() / 1000) - 10) };
  const Item = { pk: { S: "0" }, embedding: { L: list([0, 0]) }, expires };
  await client.send(new PutItemCommand({ TableName, Item }));
  await until(
    () => nearest(client),
    (found) => found.join(" ") === "1 2",
  );
  const { VectorIndexes } = await describeTable(client, TableName);
  assert.equal(VectorIndexes![0]!.ItemCount, 2);
});

test("a table that is imported has its vector indexes filled", async () => {
  covers("dynamodb.ImportTable");
  const account = tule.newAccount();
  const [client, s3] = [tule.dynamodb(account), tule.s3(account)];
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const lines = [
    ...[0, 1, 2].map((at) => ({
      Item: { pk: { S: String(at) }, embedding: { L: list([at, 0]) } },
    })),
    { Item: { pk: { S: "without" } } },
    { Item: { pk: { S: "of another length" }, embedding: { L: list([1, 2, 3]) } } },
  ];
  const Body = lines.map((line) => JSON.stringify(line)).join("\n");
  await s3.send(new PutObjectCommand({ Bucket, Key: "items.json", Body }));
  const { ImportTableDescription: begun } = await client.send(
    new ImportTableCommand({
      S3BucketSource: { S3Bucket: Bucket },
      InputFormat: "DYNAMODB_JSON",
      TableCreationParameters: withIndex as TableCreationParameters,
    }),
  );
  const ImportArn = begun!.ImportArn!;
  const { ImportTableDescription: ended } = await until(
    () => client.send(new DescribeImportCommand({ ImportArn })),
    (answer) => answer.ImportTableDescription?.ImportStatus !== "IN_PROGRESS",
  );
  // What PutItem refuses is refused, and counted; all else is there.
  const { ImportStatus, FailureMessage, ImportedItemCount, ErrorCount } = ended!;
  assert.deepEqual([ImportStatus, ImportedItemCount, ErrorCount], ["FAILED", 4, 1], FailureMessage);
  assert.deepEqual(await nearest(client), ["0", "1", "2"]);
  const { VectorIndexes } = await describeTable(client, TableName);
  assert.equal(VectorIndexes![0]!.ItemCount, 3);
});

test("a table that is restored to a moment has the vectors of that moment", async () => {
  covers("dynamodb.RestoreTableToPointInTime", "dynamodb.SearchVectors");
  const client = tule.dynamodb();
  await makeTable(client, withIndex);
  await setRecovery(client, TableName, true);
  await fill(client, 3);
  const moment = tule.clock.nowMs();
  await until(
    () => Promise.resolve(tule.clock.nowMs()),
    (nowMs) => nowMs > moment + 1,
  );
  await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: "1" } } }));
  const Item = { pk: { S: "0" }, embedding: { L: list([9, 9]) } };
  await client.send(new PutItemCommand({ TableName, Item }));
  assert.deepEqual(await nearest(client), ["2", "0"]);
  await client.send(
    new RestoreTableToPointInTimeCommand({
      SourceTableName: TableName,
      TargetTableName: "then",
      RestoreDateTime: new Date(moment),
    }),
  );
  const { VectorIndexes } = await untilActive(client, "then");
  assert.equal(VectorIndexes![0]!.ItemCount, 3);
  assert.deepEqual(await nearest(client, "then"), ["0", "1", "2"]);
});

test("a search finds after a restart what it found before", async () => {
  covers("dynamodb.SearchVectors");
  const dataFolder = await mkdtemp(join(tmpdir(), "tule-vectors-"));
  try {
    const before = await startTule({ dataFolder });
    const client = before.dynamodb("111122223333");
    await makeTable(client, withIndex);
    await fill(client, 5);
    await before.close();
    const after = await startTule({ dataFolder });
    assert.deepEqual(await nearest(after.dynamodb("111122223333")), ["0", "1", "2"]);
    await after.close();
  } finally {
    await rm(dataFolder, { recursive: true });
  }
});
