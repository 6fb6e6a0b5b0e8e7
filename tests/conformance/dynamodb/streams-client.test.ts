import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  type _Record,
  ResourceNotFoundException,
} from "@aws-sdk/client-dynamodb-streams";
import { covers } from "../../support/covers.ts";
import { makeTable, plainTable } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

// What the protocol's JSON holds is tested in streams.test.ts and stream-records.test.ts; here, that the SDK reads it.
const tule = await startTule();

const streamsClient = (account: string): DynamoDBStreamsClient =>
  new DynamoDBStreamsClient({
    endpoint: tule.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: account, secretAccessKey: "test" },
    maxAttempts: 1,
  });

/** A table with a stream, and clients for both. */
async function streamedTable() {
  const account = tule.newAccount();
  const tables = tule.dynamodb(account);
  await makeTable(tables, {
    ...plainTable,
    TableName: "Music",
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  });
  return { tables, streams: streamsClient(account) };
}

describe("The SDK's client for DynamoDB Streams", () => {
  test("finds a stream, its shard, and reads the records of all types", async () => {
    covers(
      "dynamodbstreams.ListStreams",
      "dynamodbstreams.DescribeStream",
      "dynamodbstreams.GetShardIterator",
      "dynamodbstreams.GetRecords",
    );
    const { tables, streams } = await streamedTable();
    const item = {
      pk: { S: "a" },
      number: { N: "12.5" },
      bytes: { B: new Uint8Array([0, 1, 255]) },
      nested: { M: { list: { L: [{ BOOL: true }, { NULL: true }] }, set: { NS: ["1"] } } },
    };
    await tables.send(new PutItemCommand({ TableName: "Music", Item: item }));
    await tables.send(new PutItemCommand({ TableName: "Music", Item: { pk: { S: "a" } } }));

    const { Streams = [] } = await streams.send(new ListStreamsCommand({ TableName: "Music" }));
    assert.equal(Streams.length, 1);
    const { StreamArn } = Streams[0]!;
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
    assert.equal(StreamDescription?.StreamStatus, "ENABLED");
    assert.ok(StreamDescription.CreationRequestDateTime instanceof Date);
    const { ShardId } = StreamDescription.Shards![0]!;
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
    );
    const { Records = [], NextShardIterator } = await streams.send(
      new GetRecordsCommand({ ShardIterator }),
    );
    assert.ok(NextShardIterator, "an open shard goes on");
    const seen = Records.map(({ eventName, dynamodb }: _Record) => ({
      eventName,
      before: dynamodb?.OldImage,
      after: dynamodb?.NewImage,
    }));
    assert.deepEqual(seen, [
      { eventName: "INSERT", before: undefined, after: item },
      { eventName: "MODIFY", before: item, after: { pk: { S: "a" } } },
    ]);
    assert.ok(Records[0]!.dynamodb!.ApproximateCreationDateTime instanceof Date);
  });

  test("asks for the children of a shard, and meets typed errors", async () => {
    covers("dynamodbstreams.DescribeStream", "dynamodbstreams.GetRecords");
    const { streams } = await streamedTable();
    const { Streams = [] } = await streams.send(new ListStreamsCommand({}));
    const { StreamArn } = Streams[0]!;
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
    const { ShardId } = StreamDescription!.Shards![0]!;
    const ShardFilter = { Type: "CHILD_SHARDS" as const, ShardId };
    const children = await streams.send(new DescribeStreamCommand({ StreamArn, ShardFilter }));
    assert.deepEqual(children.StreamDescription?.Shards ?? [], []);
    await assert.rejects(
      streams.send(new DescribeStreamCommand({ StreamArn: StreamArn!.replace("Music", "Other") })),
      ResourceNotFoundException,
    );
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: "LATEST" }),
    );
    tule.clock.moveTo(tule.clock.nowMs() + 16 * 60_000);
    await assert.rejects(
      streams.send(new GetRecordsCommand({ ShardIterator })),
      ExpiredIteratorException,
    );
  });
});
