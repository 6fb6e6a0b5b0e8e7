import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  type TableDescription,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { StreamsClient } from "../../support/dynamodb-streams.ts";
import { makeTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const TableName = "streamed";
const invalid = "ValidationException: One or more parameter values were invalid: ";

const plain: CreateTableCommandInput = {
  TableName,
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
};
const keysOnly = { StreamEnabled: true, StreamViewType: "KEYS_ONLY" } as const;

interface Account {
  readonly account: string;
  readonly client: DynamoDBClient;
  readonly streams: StreamsClient;
  readonly update: (more: Partial<UpdateTableCommandInput>) => Promise<TableDescription>;
  readonly describe: () => Promise<TableDescription>;
  readonly put: (id: string) => Promise<unknown>;
}

function newAccount(): Account {
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const settled = { client, maxWaitTime: 5, minDelay: 0.01 };
  return {
    account,
    client,
    streams: new StreamsClient(tule, account),
    async update(more) {
      const answer = await client.send(new UpdateTableCommand({ TableName, ...more }));
      await waitUntilTableExists(settled, { TableName });
      return answer.TableDescription!;
    },
    async describe() {
      return (await client.send(new DescribeTableCommand({ TableName }))).Table!;
    },
    put: (id) => client.send(new PutItemCommand({ TableName, Item: { id: { S: id } } })),
  };
}

async function streamedAccount(): Promise<Account & { readonly arn: string }> {
  const account = newAccount();
  await makeTable(account.client, { ...plain, StreamSpecification: keysOnly });
  return { ...account, arn: (await account.describe()).LatestStreamArn! };
}

test("a table that is created with a stream names it (recorded)", async () => {
  covers("dynamodb.CreateTable", "dynamodb.DescribeTable", "dynamodbstreams.DescribeStream");
  const { client, streams, describe, account } = newAccount();
  const { TableDescription: created } = await client.send(
    new CreateTableCommand({ ...plain, StreamSpecification: keysOnly }),
  );
  assert.deepEqual(created?.StreamSpecification, keysOnly);
  const { LatestStreamArn: arn, LatestStreamLabel: label } = created;
  assert.match(label!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/);
  assert.equal(arn, `arn:aws:dynamodb:us-east-1:${account}:table/${TableName}/stream/${label}`);
  await waitUntilTableExists({ client, maxWaitTime: 5, minDelay: 0.01 }, { TableName });
  const described = await describe();
  assert.equal(described.LatestStreamArn, arn);
  assert.deepEqual(described.StreamSpecification, keysOnly);
  const { CreationRequestDateTime: at, Shards, ...rest } = await streams.describe(arn);
  assert.equal(new Date(at * 1000).toISOString(), `${label}Z`);
  assert.deepEqual(rest, {
    StreamArn: arn,
    StreamLabel: label,
    StreamStatus: "ENABLED",
    StreamViewType: "KEYS_ONLY",
    TableName,
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  });
  assert.equal(Shards.length, 1);
  assert.match(Shards[0]!.ShardId, /^shardId-\d{20}-[0-9a-f]{8}$/);
  assert.deepEqual(Object.keys(Shards[0]!).sort(), ["SequenceNumberRange", "ShardId"]);
  assert.match(Shards[0]!.SequenceNumberRange.StartingSequenceNumber, /^\d{21,40}$/);
});

test("a stream specification that makes no sense is refused in AWS's words", async () => {
  covers("dynamodb.CreateTable", "dynamodb.UpdateTable");
  const { client, update } = newAccount();
  const create = (StreamSpecification: object): Promise<string> =>
    refusal(
      client.send(
        new CreateTableCommand({ ...plain, StreamSpecification: StreamSpecification as never }),
      ),
    );
  assert.equal(
    await create({ StreamEnabled: true }),
    `${invalid}Table is being created with a stream enabled, UpdateViewType is required`,
  );
  assert.equal(
    await create({ StreamEnabled: false, StreamViewType: "NEW_IMAGE" }),
    `${invalid}Table is being created with a stream disabled, UpdateViewType should not be specified`,
  );
  await makeTable(client, { ...plain, StreamSpecification: { StreamEnabled: false } });
  const change = (StreamSpecification: object, more: object = {}): Promise<string> =>
    refusal(update({ StreamSpecification: StreamSpecification as never, ...more }));
  assert.equal(
    await change({ StreamEnabled: true }),
    `${invalid}If stream is being enabled then UpdateViewType is required`,
  );
  assert.equal(
    await change({ StreamEnabled: false, StreamViewType: "NEW_IMAGE" }),
    `${invalid}If stream is being disabled, then UpdateViewType must not be specified`,
  );
  assert.equal(
    await change({ StreamEnabled: false }),
    `ValidationException: Table has no stream to disable: TableName: ${TableName}`,
  );
  assert.equal(
    await change(keysOnly, {
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    }),
    `${invalid}You cannot modify stream status while updating table IOPS`,
  );
  await update({ StreamSpecification: keysOnly });
  for (const specification of [keysOnly, { ...keysOnly, StreamViewType: "NEW_IMAGE" }]) {
    assert.equal(
      await change(specification),
      `ValidationException: Table already has an enabled stream: TableName: ${TableName}`,
    );
  }
});

test("a stream that is disabled stays readable, and enabling again makes another one", async () => {
  covers("dynamodb.UpdateTable", "dynamodbstreams.DescribeStream", "dynamodbstreams.ListStreams");
  const { client, streams, update, describe, put } = newAccount();
  await makeTable(client, plain);
  await put("before");
  const enabled = await update({ StreamSpecification: keysOnly });
  assert.equal(enabled.TableStatus, "UPDATING");
  assert.deepEqual(enabled.StreamSpecification, keysOnly);
  const first = enabled.LatestStreamArn!;
  await put("during");
  const disabled = await update({ StreamSpecification: { StreamEnabled: false } });
  assert.equal(disabled.StreamSpecification, undefined);
  assert.equal(disabled.LatestStreamArn, first);
  assert.equal((await describe()).LatestStreamArn, first);
  await put("after");
  const { StreamStatus, Shards } = await streams.describe(first);
  assert.equal(StreamStatus, "DISABLED");
  const { StartingSequenceNumber, EndingSequenceNumber } = Shards[0]!.SequenceNumberRange;
  assert(StartingSequenceNumber < EndingSequenceNumber!);
  const page = await streams.page(await streams.iterator(first, Shards[0]!.ShardId));
  assert.deepEqual(
    page.Records.map(({ dynamodb }) => dynamodb.Keys["id"]!.S),
    ["during"],
  );
  assert.equal("NextShardIterator" in page, false);
  const second = (await update({ StreamSpecification: keysOnly })).LatestStreamArn!;
  assert(second > first);
  assert.deepEqual(await streams.list(TableName), [first, second]);
  assert.deepEqual(await streams.read(second), []);
});

test("a deleted table's streams outlive it, also beside those of a new table of the name", async () => {
  covers("dynamodb.DeleteTable", "dynamodbstreams.DescribeStream", "dynamodbstreams.ListStreams");
  const { client, streams, put, arn } = await streamedAccount();
  await put("one");
  await client.send(new DeleteTableCommand({ TableName }));
  await waitUntilTableNotExists({ client, maxWaitTime: 5, minDelay: 0.01 }, { TableName });
  const { StreamStatus, Shards } = await streams.describe(arn);
  assert.equal(StreamStatus, "DISABLED");
  assert(Shards[0]!.SequenceNumberRange.EndingSequenceNumber);
  assert.equal((await streams.read(arn)).length, 1);
  await makeTable(client, { ...plain, StreamSpecification: keysOnly });
  const listed = await streams.list(TableName);
  assert.equal(listed.length, 2);
  assert.equal(listed[0], arn);
  assert.deepEqual(await streams.read(listed[1]!), []);
});

test("ListStreams pages over all tables, or those of one", async () => {
  covers("dynamodbstreams.ListStreams");
  const { client, streams } = newAccount();
  for (const name of ["table-b", "table-a", "table-c"]) {
    await makeTable(client, { ...plain, TableName: name, StreamSpecification: keysOnly });
  }
  const all = await streams.list();
  assert.deepEqual(
    all.map((arn) => arn.split("/")[1]),
    ["table-a", "table-b", "table-c"],
  );
  const first = await streams.call("ListStreams", { Limit: 2 });
  assert.equal((first["Streams"] as object[]).length, 2);
  assert.equal(first["LastEvaluatedStreamArn"], all[1]);
  const second = await streams.call("ListStreams", { ExclusiveStartStreamArn: all[1] });
  assert.deepEqual(second, {
    Streams: [
      { StreamArn: all[2], TableName: "table-c", StreamLabel: all[2]!.split("/stream/")[1] },
    ],
  });
  const ofB = { TableName: "table-b" };
  for (const [after, count] of [
    [all[0], 1],
    [all[1], 0],
    [all[2], 0],
  ] as const) {
    const page = await streams.call("ListStreams", { ...ofB, ExclusiveStartStreamArn: after });
    assert.equal((page["Streams"] as object[]).length, count);
  }
  assert.deepEqual(await streams.list("missing"), []);
  assert.equal(
    await streams.refusal("ListStreams", { Limit: 101 }),
    `${invalid}Limit cannot be greater than the maximum allowed size: 100`,
  );
  assert.equal(
    await streams.refusal("ListStreams", { ExclusiveStartStreamArn: "x".repeat(40) }),
    "ValidationException: Invalid StreamArn",
  );
});

test("each type of iterator begins where it should", async () => {
  covers("dynamodbstreams.GetShardIterator", "dynamodbstreams.GetRecords");
  const { streams, put, arn } = await streamedAccount();
  const [shard] = (await streams.describe(arn)).Shards;
  const latestBefore = await streams.iterator(arn, shard!.ShardId, "LATEST");
  for (const id of ["a", "b", "c"]) await put(id);
  const records = await streams.read(arn);
  const SequenceNumber = records[1]!.dynamodb.SequenceNumber;
  const idsFrom = async (type: string, more: object = {}): Promise<string> =>
    (await streams.rest(await streams.iterator(arn, shard!.ShardId, type, more)))
      .map(({ dynamodb }) => dynamodb.Keys["id"]!.S)
      .join("");
  assert.equal(await idsFrom("TRIM_HORIZON"), "abc");
  assert.equal(await idsFrom("LATEST"), "");
  assert.equal(await idsFrom("AT_SEQUENCE_NUMBER", { SequenceNumber }), "bc");
  assert.equal(await idsFrom("AFTER_SEQUENCE_NUMBER", { SequenceNumber }), "c");
  const start = shard!.SequenceNumberRange.StartingSequenceNumber;
  assert.equal(await idsFrom("AT_SEQUENCE_NUMBER", { SequenceNumber: start }), "abc");
  assert.equal(await idsFrom("AT_TIMESTAMP", { Timestamp: 0 }), "abc");
  assert.equal(await idsFrom("AT_TIMESTAMP", { Timestamp: 4_000_000_000 }), "");
  assert.equal((await streams.rest(latestBefore)).length, 3);
});

test("pages go on where the one before ended, and an iterator can be used again", async () => {
  covers("dynamodbstreams.GetRecords");
  const { streams, put, arn } = await streamedAccount();
  for (const id of ["a", "b", "c"]) await put(id);
  const [shard] = (await streams.describe(arn)).Shards;
  const first = await streams.page(await streams.iterator(arn, shard!.ShardId), 2);
  assert.equal(first.Records.length, 2);
  const second = await streams.page(first.NextShardIterator!, 2);
  assert.equal(second.Records.length, 1);
  assert.deepEqual((await streams.page(first.NextShardIterator!, 2)).Records, second.Records);
  const third = await streams.page(second.NextShardIterator!, 2);
  assert.deepEqual(third.Records, []);
  await put("d");
  assert.equal((await streams.page(third.NextShardIterator!)).Records.length, 1);
});

test("a page ends at 1,000 records or at one megabyte", async () => {
  covers("dynamodbstreams.GetRecords", "dynamodb.BatchWriteItem");
  const { client, account } = newAccount();
  const streams = new StreamsClient(tule, account);
  const StreamSpecification = { ...keysOnly, StreamViewType: "NEW_IMAGE" } as const;
  await makeTable(client, { ...plain, StreamSpecification });
  const [arn] = await streams.list();
  const [shard] = (await streams.describe(arn!)).Shards;
  const pad = { S: "x".repeat(300_000) };
  for (const id of "abcde") {
    await client.send(new PutItemCommand({ TableName, Item: { id: { S: id }, pad } }));
  }
  const page = await streams.page(await streams.iterator(arn!, shard!.ShardId));
  assert.equal(page.Records.length, 3);
  assert.equal((await streams.page(page.NextShardIterator!)).Records.length, 2);
  const latest = await streams.iterator(arn!, shard!.ShardId, "LATEST");
  for (let batch = 0; batch < 45; batch += 1) {
    const requests = Array.from({ length: 25 }, (_, at) => ({
      PutRequest: { Item: { id: { S: `${batch} ${at}` } } },
    }));
    await tule.raw({
      target: "DynamoDB_20120810.BatchWriteItem",
      account,
      body: { RequestItems: { [TableName]: requests } },
    });
  }
  const full = await streams.page(latest);
  assert.equal(full.Records.length, 1_000);
  assert.equal((await streams.page(full.NextShardIterator!)).Records.length, 125);
});

test("what a consumer asks wrongly is refused in DynamoDB's words", async () => {
  covers(
    "dynamodbstreams.DescribeStream",
    "dynamodbstreams.GetShardIterator",
    "dynamodbstreams.GetRecords",
  );
  const { streams, put, arn } = await streamedAccount();
  await put("a");
  const [shard] = (await streams.describe(arn)).Shards;
  const other = arn.replace(/\d{4}-/, "2001-");
  const refused = (operation: string, body: object): Promise<string> =>
    streams.refusal(operation, body);
  assert.equal(
    await refused("DescribeStream", { StreamArn: other }),
    `ResourceNotFoundException: Requested resource not found: Stream: ${other} not found`,
  );
  assert.equal(
    await refused("DescribeStream", { StreamArn: "x".repeat(40) }),
    "ValidationException: Invalid StreamArn",
  );
  assert.match(
    await refused("DescribeStream", { StreamArn: arn.replace(/:\d{12}:/, ":999999999999:") }),
    /^AccessDeniedException: User: .* is not authorized to perform: dynamodb:DescribeStream on resource: /,
  );
  const iterator = (more: object): Promise<string> =>
    refused("GetShardIterator", { StreamArn: arn, ShardId: shard!.ShardId, ...more });
  const at = "AT_SEQUENCE_NUMBER";
  const missing = "shardId-00000000000000000001-00000001";
  assert.equal(
    await iterator({ ShardId: missing, ShardIteratorType: "LATEST" }),
    "ResourceNotFoundException: Requested resource not found: Shard does not exist",
  );
  assert.equal(
    await iterator({ ShardIteratorType: "LATEST", SequenceNumber: "1".repeat(21) }),
    `${invalid}SequenceNumber should not be passed for this iterator type`,
  );
  assert.equal(await iterator({ ShardIteratorType: at }), `${invalid}Invalid SequenceNumber`);
  assert.equal(
    await iterator({ ShardIteratorType: at, SequenceNumber: "x".repeat(30) }),
    `${invalid}Invalid SequenceNumber`,
  );
  assert.equal(
    await iterator({ ShardIteratorType: at, SequenceNumber: "100000000000000009999" }),
    `${invalid}Invalid SequenceNumber for the shard`,
  );
  const ShardIterator = await streams.iterator(arn, shard!.ShardId);
  assert.equal(
    await refused("GetRecords", { ShardIterator, Limit: 1_001 }),
    `${invalid}Limit should be less than or equal to 1000`,
  );
  for (const bad of [
    "x",
    `${arn}|1|`,
    `${arn}|1|${btoa("[1,2]")}`,
    `${arn}|2|${btoa("[0,1,1]")}`,
  ]) {
    assert.equal(
      await refused("GetRecords", { ShardIterator: bad }),
      "ValidationException: Invalid ShardIterator",
    );
  }
});

test("another account sees nothing of a stream", async () => {
  covers("dynamodbstreams.ListStreams", "dynamodbstreams.GetRecords");
  const { streams, arn } = await streamedAccount();
  const [shard] = (await streams.describe(arn)).Shards;
  const ShardIterator = await streams.iterator(arn, shard!.ShardId);
  const stranger = new StreamsClient(tule, tule.newAccount());
  assert.deepEqual(await stranger.list(), []);
  assert.match(await stranger.refusal("GetRecords", { ShardIterator }), /^AccessDeniedException/);
});

test("a busy shard is split, and its children take over where it ends", async () => {
  covers("dynamodbstreams.DescribeStream", "dynamodbstreams.GetRecords");
  const { streams, arn, account } = await streamedAccount();
  const writesAtLeast = 10_100;
  const batch = async (number: number): Promise<void> => {
    const requests = Array.from({ length: 25 }, (_, at) => ({
      PutRequest: { Item: { id: { S: `${at}` }, number: { N: String(number) } } },
    }));
    const { status } = await tule.raw({
      target: "DynamoDB_20120810.BatchWriteItem",
      account,
      body: { RequestItems: { [TableName]: requests } },
    });
    assert.equal(status, 200);
  };
  // All within one window, whatever the machine's speed.
  tule.clock.freeze();
  for (let number = 0; number < writesAtLeast / 25; number += 1) await batch(number);
  tule.clock.resume();
  const { Shards } = await streams.describe(arn);
  assert.equal(Shards.length, 3);
  const [parent, ...children] = Shards;
  const end = parent!.SequenceNumberRange.EndingSequenceNumber!;
  for (const child of children) {
    assert.equal(child.ParentShardId, parent!.ShardId);
    assert(child.SequenceNumberRange.StartingSequenceNumber > end);
    assert.equal("EndingSequenceNumber" in child.SequenceNumberRange, false);
  }
  assert.deepEqual(
    Shards.map(({ ShardId }) => ShardId),
    Shards.map(({ ShardId }) => ShardId).toSorted(),
  );
  const filtered = await streams.describe(arn, {
    ShardFilter: { Type: "CHILD_SHARDS", ShardId: parent!.ShardId },
  });
  assert.deepEqual(filtered.Shards, children);
  const page = await streams.describe(arn, { Limit: 2 });
  assert.equal(page.LastEvaluatedShardId, Shards[1]!.ShardId);
  const next = await streams.describe(arn, { ExclusiveStartShardId: Shards[1]!.ShardId });
  assert.deepEqual(next.Shards, [Shards[2]]);
  // Each item's changes, parents before children, come in order and without a gap.
  const last = new Map<string, string>();
  let count = 0;
  for (const { dynamodb } of await streams.read(arn)) {
    const id = dynamodb.Keys["id"]!.S!;
    assert((last.get(id) ?? "") < dynamodb.SequenceNumber);
    last.set(id, dynamodb.SequenceNumber);
    count += 1;
  }
  assert.equal(count, Math.ceil(writesAtLeast / 25) * 25);
});
