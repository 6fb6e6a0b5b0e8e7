import assert from "node:assert/strict";
import test from "node:test";
import {
  type CreateTableCommandInput,
  PutItemCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { StreamsClient } from "../../support/dynamodb-streams.ts";
import { makeTable } from "../../support/dynamodb-tables.ts";
import { startTule, type Tule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const TableName = "streamed";
const hourMs = 3_600_000;

const table: CreateTableCommandInput = {
  TableName,
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
  StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
};

interface Streamed {
  readonly tule: Tule;
  readonly streams: StreamsClient;
  readonly arn: string;
  readonly pass: (ms: number) => void;
  readonly put: (id: string) => Promise<unknown>;
  readonly update: (StreamEnabled: false) => Promise<unknown>;
}

/** Each test moves the clock of a server of its own. */
async function streamed(): Promise<Streamed> {
  const tule = await startTule();
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const streams = new StreamsClient(tule, account);
  await makeTable(client, table);
  const [arn] = await streams.list();
  return {
    tule,
    streams,
    arn: arn!,
    pass: (ms) => tule.clock.moveTo(tule.clock.nowMs() + ms),
    put: (id) => client.send(new PutItemCommand({ TableName, Item: { id: { S: id } } })),
    update: (StreamEnabled) =>
      client.send(new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled } })),
  };
}

test("an iterator lives for fifteen minutes", async () => {
  covers("dynamodbstreams.GetRecords");
  const { streams, arn, pass, put } = await streamed();
  await put("a");
  const [shard] = (await streams.describe(arn)).Shards;
  const iterator = await streams.iterator(arn, shard!.ShardId);
  pass(14 * 60_000);
  const page = await streams.page(iterator);
  assert.equal(page.Records.length, 1);
  pass(2 * 60_000);
  assert.match(
    await streams.refusal("GetRecords", { ShardIterator: iterator }),
    /^ExpiredIteratorException: /,
  );
  assert.deepEqual((await streams.page(page.NextShardIterator!)).Records, []);
});

test("shards roll over every four hours, busy or not", async () => {
  covers("dynamodbstreams.DescribeStream", "dynamodbstreams.GetRecords");
  const { streams, arn, pass, put } = await streamed();
  await put("first");
  const shards = async (): Promise<number> => (await streams.describe(arn)).Shards.length;
  pass(4 * hourMs);
  await until(shards, (count) => count === 2);
  await put("second");
  pass(4 * hourMs);
  await until(shards, (count) => count === 3);
  const { Shards } = await streams.describe(arn);
  assert.deepEqual(
    Shards.map(({ ParentShardId }) => ParentShardId),
    [undefined, Shards[0]!.ShardId, Shards[1]!.ShardId],
  );
  assert.deepEqual(
    Shards.map(({ SequenceNumberRange }) => "EndingSequenceNumber" in SequenceNumberRange),
    [true, true, false],
  );
  const ids = (await streams.read(arn)).map(({ dynamodb }) => dynamodb.Keys["id"]!.S);
  assert.deepEqual(ids, ["first", "second"]);
});

test("records are forgotten after a day, and who comes too late is told", async () => {
  covers("dynamodbstreams.GetShardIterator", "dynamodbstreams.GetRecords");
  const { streams, arn, pass, put } = await streamed();
  await put("old");
  pass(3 * hourMs);
  await put("young");
  const [shard] = (await streams.describe(arn)).Shards;
  const [old, young] = await streams.read(arn);
  pass(21.5 * hourMs);
  await until(
    // What is trimmed while it is being read is refused, not left out.
    () => streams.read(arn).catch((problem: Error) => problem),
    (read) => Array.isArray(read) && read.length === 1,
  );
  const at = (record: typeof old): object => ({
    StreamArn: arn,
    ShardId: shard!.ShardId,
    ShardIteratorType: "AT_SEQUENCE_NUMBER",
    SequenceNumber: record!.dynamodb.SequenceNumber,
  });
  assert.equal(
    await streams.refusal("GetShardIterator", at(old)),
    "TrimmedDataAccessException: The data you are trying to access has been trimmed",
  );
  assert("ShardIterator" in (await streams.call("GetShardIterator", at(young))));
  pass(30 * hourMs);
  const { Shards } = await until(
    () => streams.describe(arn),
    (described) => described.Shards[0]!.ShardId !== shard!.ShardId,
  );
  assert(Shards.length >= 1);
  assert.deepEqual(await streams.read(arn), []);
  await put("new");
  assert.equal((await streams.read(arn)).length, 1);
});

test("what is trimmed between an iterator and its use is missed aloud", async () => {
  covers("dynamodbstreams.GetRecords");
  const { streams, arn, pass, put } = await streamed();
  await put("a");
  const [shard] = (await streams.describe(arn)).Shards;
  pass(24 * hourMs - 5 * 60_000);
  const ShardIterator = await streams.iterator(arn, shard!.ShardId);
  pass(10 * 60_000);
  const refused = await until(
    () => streams.call("GetRecords", { ShardIterator }),
    (answer) => "__type" in answer,
  );
  assert.match(String(refused["__type"]), /TrimmedDataAccessException$/);
});

test("a stream is gone a day after it was disabled", async () => {
  covers("dynamodbstreams.ListStreams", "dynamodbstreams.DescribeStream");
  const { streams, arn, pass, put, update } = await streamed();
  await put("a");
  await update(false);
  pass(23 * hourMs);
  assert.equal((await streams.read(arn)).length, 1);
  pass(2 * hourMs);
  await until(
    () => streams.list(),
    (arns) => arns.length === 0,
  );
  assert.match(
    await streams.refusal("DescribeStream", { StreamArn: arn }),
    /^ResourceNotFoundException: Requested resource not found: Stream: /,
  );
});
