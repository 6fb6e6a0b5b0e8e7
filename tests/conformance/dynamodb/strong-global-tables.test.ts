import assert from "node:assert/strict";
import test from "node:test";
import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  ExecuteTransactionCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { europe, isSettled, Regions, setLink, west } from "../../support/dynamodb-replicas.ts";
import { StreamsClient } from "../../support/dynamodb-streams.ts";
import { indexedTable, makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule, type Tule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const TableName = plainTable.TableName!;
const first = "us-east-1";
const third = "us-east-2";

const update = (where: Regions, region: string, input: object): Promise<unknown> =>
  where.in(region).send(new UpdateTableCommand({ TableName, ...input }));

const create = (RegionName: string): object => ({ Create: { RegionName } });
const remove = (RegionName: string): object => ({ Delete: { RegionName } });

async function untilStrong(where: Regions, regions: readonly string[]): Promise<void> {
  for (const region of regions) {
    await where.untilTable(
      TableName,
      region,
      (table) =>
        isSettled(table) &&
        table?.MultiRegionConsistency === "STRONG" &&
        (table.GlobalTableWitnesses ?? []).every(({ WitnessStatus }) => WitnessStatus === "ACTIVE"),
    );
  }
}

/** A group of three replicas, or of two and a witness, on a server of its own: links are the server's. */
async function start(hasWitness = false): Promise<{ tule: Tule; where: Regions }> {
  const tule = await startTule();
  const where = new Regions(() => tule);
  await makeTable(where.in(first), plainTable);
  await update(where, first, {
    MultiRegionConsistency: "STRONG",
    ReplicaUpdates: hasWitness ? [create(west)] : [create(west), create(third)],
    ...(hasWitness && { GlobalTableWitnessUpdates: [create(third)] }),
  });
  await untilStrong(where, hasWitness ? [first, west] : [first, west, third]);
  return { tule, where };
}

const put = (where: Regions, region: string, pk: string, text: string): Promise<unknown> =>
  where
    .in(region)
    .send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, text: { S: text } } }));

const textOf = async (where: Regions, region: string, pk: string, isConsistent = true) =>
  (await where.get(TableName, region, pk, isConsistent))?.["text"]?.S;

const unavailable = /^ServiceUnavailable: /;

test("what was written in one region is read in every other one at once", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.PutItem", "dynamodb.GetItem", "dynamodb.Query");
  const { where } = await start();
  for (const [at, region] of [first, west, third].entries()) {
    await put(where, region, "a", `write ${at}`);
    for (const reader of [first, west, third]) {
      assert.equal(await textOf(where, reader, "a"), `write ${at}`);
    }
  }
  // A condition is about the latest write, wherever that was.
  const counting = (region: string): Promise<unknown> =>
    where.in(region).send(
      new UpdateItemCommand({
        TableName,
        Key: { pk: { S: "count" } },
        UpdateExpression: "ADD n :one",
        ExpressionAttributeValues: { ":one": { N: "1" } },
      }),
    );
  await Promise.all(Array.from({ length: 30 }, (_, at) => counting([first, west, third][at % 3]!)));
  const { Items } = await where.in(west).send(
    new QueryCommand({
      TableName,
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: "count" } },
    }),
  );
  assert.equal(Items?.[0]?.["n"]?.N, "30");
  await where.in(third).send(new DeleteItemCommand({ TableName, Key: { pk: { S: "a" } } }));
  assert.equal(await textOf(where, first, "a"), undefined);
});

test("a group is described with its consistency and its witness, which is no table", async () => {
  covers("dynamodb.DescribeTable", "dynamodb.UpdateTable");
  const { where } = await start(true);
  for (const [region, other] of [
    [first, west],
    [west, first],
  ] as const) {
    const table = await where.describe(TableName, region);
    assert.equal(table?.MultiRegionConsistency, "STRONG");
    assert.equal(table.GlobalTableVersion, "2019.11.21");
    assert.deepEqual(
      table.Replicas?.map((replica) => replica.RegionName),
      [other],
    );
    assert.deepEqual(table.GlobalTableWitnesses, [{ RegionName: third, WitnessStatus: "ACTIVE" }]);
  }
  assert.equal(await where.describe(TableName, third), undefined);
  // A table of that name there has nothing to do with it.
  await makeTable(where.in(third), plainTable);
  await put(where, third, "a", "another table");
  assert.equal(await textOf(where, first, "a"), undefined);
  await put(where, first, "b", "the group");
  assert.equal(await textOf(where, third, "b"), undefined);
  assert.equal(await textOf(where, west, "b"), "the group");
});

for (const hasWitness of [false, true]) {
  const kind = hasWitness ? "two replicas and a witness" : "three replicas";
  test(`a region that is cut off neither writes nor reads strongly; the others go on (${kind})`, async () => {
    covers("dynamodb.PutItem", "dynamodb.GetItem", "dynamodb.BatchGetItem", "dynamodb.Scan");
    const { tule, where } = await start(hasWitness);
    await put(where, first, "a", "before");
    await setLink(tule, [first, "*"], { cut: true });
    assert.match(await refusal(put(where, first, "a", "from nowhere")), unavailable);
    assert.match(await refusal(textOf(where, first, "a")), unavailable);
    const Keys = [{ pk: { S: "a" } }];
    for (const command of [
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }),
      new ScanCommand({ TableName, ConsistentRead: true }),
    ]) {
      await assert.rejects(where.in(first).send(command as ScanCommand), {
        name: "ServiceUnavailable",
      });
    }
    assert.equal(await textOf(where, first, "a", false), "before");
    await put(where, west, "a", "meanwhile");
    await put(where, west, "b", "new");
    assert.equal(await textOf(where, west, "a"), "meanwhile");
    await setLink(tule, [first, "*"], { cut: false });
    // It has all of it before it serves again, never something old.
    const seen = await until(
      () => textOf(where, first, "a").catch((error: Error) => error.name),
      (text) => text !== "ServiceUnavailable",
    );
    assert.equal(seen, "meanwhile");
    assert.equal(await textOf(where, first, "b"), "new");
    await put(where, first, "a", "after");
    assert.equal(await textOf(where, west, "a"), "after");
  });
}

test("a region that missed writes gets them from the witness, when nobody else is left", async () => {
  covers("dynamodb.GetItem");
  const { tule, where } = await start(true);
  await setLink(tule, [first, "*"], { cut: true });
  await put(where, west, "a", "only in the west and at the witness");
  await setLink(tule, [first, "*"], { cut: false });
  await setLink(tule, [west, "*"], { cut: true });
  const seen = await until(
    () => textOf(where, first, "a").catch((error: Error) => error.name),
    (text) => text !== "ServiceUnavailable",
  );
  assert.equal(seen, "only in the west and at the witness");
  assert.match(await refusal(put(where, west, "a", "alone")), unavailable);
});

test("what a strongly consistent group does not have is refused", async () => {
  covers(
    "dynamodb.TransactWriteItems",
    "dynamodb.TransactGetItems",
    "dynamodb.ExecuteTransaction",
    "dynamodb.UpdateTimeToLive",
    "dynamodb.DeleteTable",
  );
  const { where } = await start(true);
  const Key = { pk: { S: "a" } };
  const transacted =
    "ValidationException: Transaction operations are not supported for global tables with MultiRegionConsistency set to STRONG";
  const client = where.in(west);
  const write = { TransactItems: [{ Put: { TableName, Item: Key } }] };
  assert.equal(await refusal(client.send(new TransactWriteItemsCommand(write))), transacted);
  const read = { TransactItems: [{ Get: { TableName, Key } }] };
  assert.equal(await refusal(client.send(new TransactGetItemsCommand(read))), transacted);
  const TransactStatements = [{ Statement: `SELECT * FROM "${TableName}" WHERE pk = 'a'` }];
  assert.equal(
    await refusal(client.send(new ExecuteTransactionCommand({ TransactStatements }))),
    transacted,
  );
  const TimeToLiveSpecification = { Enabled: true, AttributeName: "until" };
  assert.match(
    await refusal(client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }))),
    /^ValidationException: Time to Live is not supported/,
  );
  const alone =
    "ValidationException: Deletion of only one table replica is not supported for global tables with MultiRegionConsistency set to STRONG.";
  for (const region of [first, west]) {
    assert.equal(
      await refusal(where.in(region).send(new DeleteTableCommand({ TableName }))),
      alone,
    );
  }
  const change = (input: object): Promise<string> => refusal(update(where, first, input));
  assert.equal(
    await change({ ReplicaUpdates: [create(europe)] }),
    "ValidationException: Cannot add replicas to a global table with strong MultiRegionConsistency",
  );
  assert.equal(
    await change({ ReplicaUpdates: [remove(west)] }),
    "ValidationException: Update table delete operation does not include all witnesses.",
  );
  assert.equal(
    await change({
      ReplicaUpdates: [remove(west)],
      GlobalTableWitnessUpdates: [remove(europe)],
    }),
    `ValidationException: Update global table operation failed because one or more witnesses were not part of the global table. Please retry the request without these witnesses: [${europe}].`,
  );
  assert.equal(
    await change({ MultiRegionConsistency: "EVENTUAL", ReplicaUpdates: [create(europe)] }),
    "ValidationException: MultiRegionConsistency parameter is unsupported on existing global table",
  );
  assert.match(
    await change({ GlobalTableWitnessUpdates: [remove(third)] }),
    /^ValidationException: At least one of ProvisionedThroughput, BillingMode/,
  );
});

test("a group is made whole or not at all", async () => {
  covers("dynamodb.UpdateTable");
  const tule = await startTule();
  const where = new Regions(() => tule);
  await makeTable(where.in(first), plainTable);
  const change = (input: object): Promise<string> => refusal(update(where, first, input));
  const MultiRegionConsistency = "STRONG";
  assert.equal(
    await change({ MultiRegionConsistency, ReplicaUpdates: [create(west)] }),
    "ValidationException: Unsupported replica count for global tables with MultiRegionConsistency set to STRONG.",
  );
  assert.equal(
    await change({
      ReplicaUpdates: [create(west)],
      GlobalTableWitnessUpdates: [create(third)],
    }),
    "ValidationException: MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present.",
  );
  assert.equal(
    await change({
      MultiRegionConsistency,
      ReplicaUpdates: [create(west)],
      GlobalTableWitnessUpdates: [create("us-west-1")],
    }),
    "ValidationException: Unsupported Region(s) specified for global tables with MultiRegionConsistency set to STRONG: [us-west-1].",
  );
  assert.equal(
    await change({
      MultiRegionConsistency,
      ReplicaUpdates: [create(west)],
      GlobalTableWitnessUpdates: [create(west)],
    }),
    "ValidationException: Cannot target multiple regions with the same action",
  );
  assert.equal(
    await change({
      MultiRegionConsistency,
      ReplicaUpdates: [create(west)],
      GlobalTableWitnessUpdates: [create(first)],
    }),
    "ValidationException: Cannot add a witness in the same region as an existing replica when creating a global table with MultiRegionConsistency set to STRONG.",
  );
  assert.equal(
    await change({
      MultiRegionConsistency,
      ReplicaUpdates: [create(west), create(third)],
      DeletionProtectionEnabled: true,
    }),
    "ValidationException: One or more parameter values were invalid: Requests that modify replicas or witnesses must not also modify other fields",
  );
  const whole = { MultiRegionConsistency, ReplicaUpdates: [create(west), create(third)] };
  await put(where, first, "a", "an item");
  assert.match(await change(whole), /^ValidationException: .* it has items$/);
  await makeTable(where.in(first), indexedTable);
  assert.match(
    await change({ ...whole, TableName: indexedTable.TableName }),
    /^ValidationException: .* it has local secondary indexes$/,
  );
});

test("a group is dissolved by one request, and leaves a table like any other", async () => {
  covers("dynamodb.UpdateTable");
  const { where } = await start(true);
  await put(where, west, "a", "stays");
  await update(where, first, {
    ReplicaUpdates: [remove(west)],
    GlobalTableWitnessUpdates: [remove(third)],
  });
  const table = await where.untilTable(
    TableName,
    first,
    (found) => isSettled(found) && found?.GlobalTableVersion === undefined,
  );
  assert.equal(table?.MultiRegionConsistency, undefined);
  assert.equal(table?.GlobalTableWitnesses, undefined);
  await where.untilTable(TableName, west, (found) => found === undefined);
  assert.equal(await textOf(where, first, "a"), "stays");
  await put(where, first, "b", "alone");
  await where.in(first).send(new DeleteTableCommand({ TableName }));
  await where.untilTable(TableName, first, (found) => found === undefined);
  await assert.rejects(where.in(first).send(new DescribeTableCommand({ TableName })));
});

test("each replica may have a stream, and each has the same changes", async () => {
  covers("dynamodbstreams.GetRecords");
  const { tule, where } = await start();
  const StreamSpecification = { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" };
  for (const region of [first, west]) {
    await update(where, region, { StreamSpecification });
    await where.untilTable(TableName, region, isSettled);
  }
  await put(where, first, "a", "1");
  await put(where, west, "a", "2");
  for (const region of [first, west]) {
    const table = await where.describe(TableName, region);
    const streams = new StreamsClient(tule, where.account, region);
    const records = await streams.read(table!.LatestStreamArn!);
    assert.deepEqual(
      records.map(({ eventName, dynamodb }) => [eventName, dynamodb.NewImage?.["text"]?.S]),
      [
        ["INSERT", "1"],
        ["MODIFY", "2"],
      ],
    );
  }
});
