import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  type CreateTableCommandInput,
  PutItemCommand,
  SearchVectorsCommand,
  UpdateTableCommand,
  type VectorIndex,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { east, europe, isSettled, Regions, west } from "../../support/dynamodb-replicas.ts";
import { makeTable, plainTable } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

/*
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearchGlobalTables.html: a replica has the
 * indexes of the table that it is made from and fills them itself, with any consistency.
 */

const TableName = plainTable.TableName!;
const index: VectorIndex = {
  IndexName: "near",
  VectorAttribute: { AttributeName: "embedding" },
  SearchSchema: [{ AttributeName: "tenant", SearchSchemaElementType: "HASH" }],
  Dimensions: 2,
  DistanceFunction: "EUCLIDEAN",
  Projection: { ProjectionType: "KEYS_ONLY" },
};
const tenant = { AttributeName: "tenant", AttributeType: "S" } as const;
const withIndex: CreateTableCommandInput = {
  ...plainTable,
  AttributeDefinitions: [...plainTable.AttributeDefinitions!, tenant],
  VectorIndexes: [index],
};

const tule = await startTule();

const list = (numbers: readonly number[]): AttributeValue[] =>
  numbers.map((number) => ({ N: String(number) }));

async function put(where: Regions, region: string, at: number): Promise<void> {
  const Item = { pk: { S: String(at) }, tenant: { S: "t" }, embedding: { L: list([at, 0]) } };
  await where.in(region).send(new PutItemCommand({ TableName, Item }));
}

async function nearest(where: Regions, region: string): Promise<string[]> {
  const { SearchResults = [] } = await where.in(region).send(
    new SearchVectorsCommand({
      TableName,
      IndexName: "near",
      SearchVector: list([0, 0]),
      TopK: 100,
      SearchConditionExpression: "tenant = :tenant",
      ExpressionAttributeValues: { ":tenant": { S: "t" } },
    }),
  );
  return SearchResults.map(({ Item }) => Item!["pk"]!.S!);
}

const untilFound = (where: Regions, region: string, keys: readonly string[]): Promise<unknown> =>
  until(
    () => nearest(where, region),
    (found) => found.join(" ") === keys.join(" "),
  );

test("a replica gets the vector indexes and fills them, and what any region writes is found in all", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.SearchVectors", "dynamodb.DescribeTable");
  const where = new Regions(() => tule);
  await makeTable(where.in(east), withIndex);
  for (let at = 0; at < 5; at += 1) await put(where, east, at);
  await where.addReplica(TableName, west);
  assert.deepEqual(await nearest(where, west), ["0", "1", "2", "3", "4"]);
  const [here, there] = await Promise.all(
    [east, west].map((one) => where.describe(TableName, one)),
  );
  const { IndexArn, ...described } = there!.VectorIndexes![0]!;
  assert.equal(IndexArn, `${there!.TableArn}/index/near`);
  assert.match(IndexArn, /us-west-2/);
  assert.deepEqual(
    { ...described, IndexArn: here!.VectorIndexes![0]!.IndexArn },
    here!.VectorIndexes![0],
  );
  await put(where, west, 5);
  await untilFound(where, east, ["0", "1", "2", "3", "4", "5"]);
  await put(where, east, 6);
  await untilFound(where, west, ["0", "1", "2", "3", "4", "5", "6"]);
});

test("a vector index that comes to one replica, or goes, does so in all", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.SearchVectors");
  const where = new Regions(() => tule);
  await makeTable(where.in(east), plainTable);
  for (let at = 0; at < 5; at += 1) await put(where, east, at);
  await where.addReplica(TableName, west);
  await where.in(west).send(
    new UpdateTableCommand({
      TableName,
      AttributeDefinitions: [tenant],
      VectorIndexUpdates: [{ Create: index }],
    }),
  );
  for (const region of [west, east]) {
    const table = await where.untilTable(
      TableName,
      region,
      (found) => found?.VectorIndexes?.[0]?.IndexStatus === "ACTIVE" && isSettled(found),
    );
    assert.deepEqual(
      table!.AttributeDefinitions!.map(({ AttributeName }) => AttributeName),
      ["pk", "tenant"],
    );
    assert.deepEqual(await nearest(where, region), ["0", "1", "2", "3", "4"], region);
  }
  // Later replicas have it as well.
  await where.addReplica(TableName, europe);
  assert.deepEqual(await nearest(where, europe), ["0", "1", "2", "3", "4"]);
  const Delete = { IndexName: "near" };
  await where
    .in(europe)
    .send(new UpdateTableCommand({ TableName, VectorIndexUpdates: [{ Delete }] }));
  for (const region of [east, west, europe]) {
    await where.untilTable(TableName, region, (found) => found?.VectorIndexes === undefined);
  }
});

test("strongly consistent replicas have vector indexes, a witness none", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.SearchVectors");
  const where = new Regions(() => tule);
  await makeTable(where.in(east), withIndex);
  await where.in(east).send(
    new UpdateTableCommand({
      TableName,
      MultiRegionConsistency: "STRONG",
      ReplicaUpdates: [{ Create: { RegionName: west } }],
      GlobalTableWitnessUpdates: [{ Create: { RegionName: "us-east-2" } }],
    }),
  );
  for (const region of [east, west]) await where.untilTable(TableName, region, isSettled);
  await put(where, east, 1);
  await put(where, west, 0);
  for (const region of [east, west]) await untilFound(where, region, ["0", "1"]);
});
