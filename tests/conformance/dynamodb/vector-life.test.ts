import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import {
  type AttributeValue,
  CreateBackupCommand,
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeBackupCommand,
  type DynamoDBClient,
  PutItemCommand,
  RestoreTableFromBackupCommand,
  SearchVectorsCommand,
  UpdateTableCommand,
  type VectorIndex,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { describeTable, untilActive, untilAvailable } from "../../support/dynamodb-restores.ts";
import { makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
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
