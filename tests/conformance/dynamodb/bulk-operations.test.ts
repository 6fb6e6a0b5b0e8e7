import assert from "node:assert/strict";
import test from "node:test";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import {
  type BulkOperationDescription,
  CancelBulkOperationCommand,
  DescribeBulkOperationCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListBulkOperationsCommand,
  PutItemCommand,
  StartBulkPutItemsCommand,
  type StartBulkPutItemsCommandInput,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from "@aws-sdk/client-dynamodb-streams";
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { checkCounts, contentsOf } from "../../support/dynamodb-restores.ts";
import { indexedTable, makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

/*
 * Statuses and counts are as the API reference tells them. How a record has its condition and how the report is laid out is
 * ours: see the README of DynamoDB.
 */

const tule = await startTule();

class BulkPutting {
  readonly account = tule.newAccount();
  readonly client: DynamoDBClient = tule.dynamodb(this.account);
  readonly s3: S3Client = tule.s3(this.account);
  readonly source = newBucket();
  readonly target = newBucket();

  static async start(table = plainTable): Promise<BulkPutting> {
    const putting = new BulkPutting();
    await makeTable(putting.client, table);
    for (const Bucket of [putting.source, putting.target]) {
      await putting.s3.send(new CreateBucketCommand({ Bucket }));
    }
    return putting;
  }

  put(Key: string, Body: string | Buffer): Promise<unknown> {
    return this.s3.send(new PutObjectCommand({ Bucket: this.source, Key, Body }));
  }

  async begin(
    input: Partial<StartBulkPutItemsCommandInput> = {},
  ): Promise<BulkOperationDescription> {
    const command = new StartBulkPutItemsCommand({
      TableName: "plain",
      InputS3Configuration: { S3Bucket: this.source, InputFormat: "DYNAMODB_JSON" },
      OutputS3Configuration: {
        S3Bucket: this.target,
        OutputType: ["ERROR", "CONDITION_CHECK_FAILURE"],
      },
      ...input,
    });
    return (await this.client.send(command)).BulkOperationDescription!;
  }

  async describe(BulkOperationArn: string): Promise<BulkOperationDescription> {
    const command = new DescribeBulkOperationCommand({ BulkOperationArn });
    return (await this.client.send(command)).BulkOperationDescription!;
  }

  ended(arn: string): Promise<BulkOperationDescription> {
    return until(
      () => this.describe(arn),
      ({ BulkOperationStatus: status }) => status !== "IN_PROGRESS" && status !== "CANCELLING",
    );
  }

  async run(input: Partial<StartBulkPutItemsCommandInput> = {}): Promise<BulkOperationDescription> {
    return this.ended((await this.begin(input)).BulkOperationArn!);
  }

  contents(): Promise<string[]> {
    return contentsOf(this.client, "plain");
  }

  /** The report's objects by what stands behind the operation's folder; data files as their lines. */
  async report(Prefix: string): Promise<Record<string, unknown[]>> {
    const { Contents } = await this.s3.send(
      new ListObjectsV2Command({ Bucket: this.target, Prefix }),
    );
    const files: Record<string, unknown[]> = {};
    for (const { Key } of Contents ?? []) {
      const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: this.target, Key }));
      const bytes = await Body!.transformToByteArray();
      const text = String(Key!.endsWith(".gz") ? gunzipSync(bytes) : Buffer.from(bytes)).trim();
      files[Key!.slice(Prefix.length)] =
        text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as unknown);
    }
    return files;
  }
}

const folderOf = ({ BulkOperationArn }: BulkOperationDescription): string =>
  `AWSDynamoDB/${BulkOperationArn!.split("/").at(-1)!}/`;

const jsonLines = (count: number, first = 0, attributes = {}): string =>
  Array.from({ length: count }, (_, at) =>
    JSON.stringify({ Item: { pk: { S: `item ${first + at}` }, ...attributes } }),
  ).join("\n");

test("objects of DynamoDB JSON go into a table that is there already", async () => {
  covers("dynamodb.StartBulkPutItems", "dynamodb.DescribeBulkOperation");
  const putting = await BulkPutting.start();
  await putting.client.send(
    new PutItemCommand({ TableName: "plain", Item: { pk: { S: "item 0" }, old: { S: "x" } } }),
  );
  await putting.client.send(
    new PutItemCommand({ TableName: "plain", Item: { pk: { S: "kept" } } }),
  );
  const first = gzipSync(jsonLines(250, 0, { n: { N: "1.0" } }));
  const second = gzipSync(`${jsonLines(100, 200)}\n`);
  await putting.put("data/1.json.gz", first);
  await putting.put("data/2.json.gz", second);
  await putting.put("other", gzipSync(jsonLines(5, 1_000)));
  const begun = await putting.begin({
    ClientToken: "token",
    InputS3Configuration: {
      S3Bucket: putting.source,
      S3KeyPrefix: "data/",
      InputFormat: "DYNAMODB_JSON",
      InputCompressionType: "GZIP",
    },
  });
  assert.equal(begun.BulkOperationStatus, "IN_PROGRESS");
  assert.match(begun.BulkOperationArn!, /:table\/plain\/bulk-operation\/\d{14}-[0-9a-f]{8}$/);
  assert.equal(begun.ClientToken, "token");
  assert.equal(begun.PerformanceTier, "STANDARD");
  assert.equal(begun.ProcessedItemCount, 0);
  assert.equal(begun.TotalInputBytes, undefined);
  const ended = await putting.ended(begun.BulkOperationArn!);
  assert.equal(ended.BulkOperationStatus, "COMPLETED", JSON.stringify(ended));
  assert.equal(ended.ProcessedItemCount, 350);
  assert.equal(ended.FailedItemCount, 0);
  assert.equal(ended.ProcessedInputBytes, first.length + second.length);
  assert.equal(ended.TotalInputBytes, first.length + second.length);
  assert(ended.EndTime! >= ended.StartTime!);
  const { Table } = await putting.client.send(new DescribeTableCommand({ TableName: "plain" }));
  assert.deepEqual(ended.TableDetails, [{ TableName: "plain", TableId: Table!.TableId }]);
  const contents = await putting.contents();
  assert.equal(contents.length, 301);
  assert.equal(contents[0], `{"n":{"N":"1"},"pk":{"S":"item 0"}}`);
  assert(contents.includes(`{"pk":{"S":"item 200"}}`));
  await checkCounts(putting.client, "plain");
  const report = await putting.report(folderOf(ended));
  assert.deepEqual(Object.keys(report), [
    "_started",
    "manifest-files.json",
    "manifest-summary.json",
  ]);
  assert.deepEqual(report["manifest-files.json"], []);
});

test("conditions decide item by item, in JSON and in Ion, and what fails them is reported", async () => {
  covers("dynamodb.StartBulkPutItems", "dynamodb.DescribeBulkOperation");
  const condition = {
    ConditionExpression: "attribute_not_exists(#k) OR version < :v",
    ExpressionAttributeNames: { "#k": "pk" },
    ExpressionAttributeValues: { ":v": { N: "2" } },
  };
  const items = ["new", "older", "newer", "new"].map((pk) => ({
    pk: { S: pk },
    version: { N: "2" },
  }));
  const json = items.map((Item) => JSON.stringify({ Item, ...condition })).join("\n");
  const ion = items
    .map(
      ({ pk }) =>
        `$ion_1_0 {Item:{pk:"${pk.S}",version:2.},ConditionExpression:"${condition.ConditionExpression}",` +
        `ExpressionAttributeNames:{'#k':"pk"},ExpressionAttributeValues:{':v':2.}}`,
    )
    .join("\n");
  for (const [InputFormat, body] of [
    ["DYNAMODB_JSON", json],
    ["ION", ion],
  ] as const) {
    const putting = await BulkPutting.start();
    for (const [pk, version] of [
      ["older", "1"],
      ["newer", "3"],
    ] as const) {
      const Item = { pk: { S: pk }, version: { N: version } };
      await putting.client.send(new PutItemCommand({ TableName: "plain", Item }));
    }
    await putting.put("1", zstdCompressSync(body));
    const ended = await putting.run({
      InputS3Configuration: {
        S3Bucket: putting.source,
        InputFormat,
        InputCompressionType: "ZSTD",
      },
    });
    assert.equal(ended.BulkOperationStatus, "COMPLETED", JSON.stringify(ended));
    assert.equal(ended.ProcessedItemCount, 4);
    assert.equal(ended.FailedItemCount, 0);
    assert.deepEqual(await putting.contents(), [
      `{"pk":{"S":"new"},"version":{"N":"2"}}`,
      `{"pk":{"S":"newer"},"version":{"N":"3"}}`,
      `{"pk":{"S":"older"},"version":{"N":"2"}}`,
    ]);
    const report = await putting.report(folderOf(ended));
    const unmet = (RecordNumber: number, pk: string, existing: string): object => ({
      S3Key: "1",
      RecordNumber,
      Reason: "The conditional request failed",
      Item: { pk: { S: pk }, version: { N: "2" } },
      ExistingItem: { pk: { S: pk }, version: { N: existing } },
    });
    assert.deepEqual(report["condition-check-failure/00001.json.gz"], [
      unmet(3, "newer", "3"),
      unmet(4, "new", "2"),
    ]);
    assert.equal(report["error/00001.json.gz"], undefined);
    const [file] = report["manifest-files.json"] as { itemCount: number; dataFileS3Key: string }[];
    assert.equal(file!.itemCount, 2);
    assert.equal(file!.dataFileS3Key, `${folderOf(ended)}condition-check-failure/00001.json.gz`);
    const [summary] = report["manifest-summary.json"] as Record<string, unknown>[];
    assert.equal(summary!["conditionCheckFailureCount"], 2);
    assert.equal(summary!["writtenItemCount"], 2);
  }
});

test("broken records are counted and reported, and the good ones are there", async () => {
  covers("dynamodb.StartBulkPutItems", "dynamodb.DescribeBulkOperation");
  const putting = await BulkPutting.start();
  const good = (pk: string): string => JSON.stringify({ Item: { pk: { S: pk } } });
  await putting.put(
    "1",
    [
      good("a"),
      `{"Item":{"n":{"N":"1"}}}`,
      `{"Item":{"pk":{"S":""}}}`,
      `{"Item":{"pk":{"S":"b"}},"ConditionExpression":"nonsense("}`,
      `{"Item":{"pk":{"S":"b"}},"Condition":"attribute_exists(pk)"}`,
      `{"Item":{"pk":{"S":"b"}},"ExpressionAttributeNames":{"#a":1},"ConditionExpression":"#a = #a"}`,
      `{"item":{"pk":{"S":"b"}}}`,
      good("c"),
      "not JSON",
      good("not reached"),
    ].join("\n"),
  );
  await putting.put("2", gzipSync(good("not reached")));
  await putting.put("3", good("d"));
  const ended = await putting.run({
    OutputS3Configuration: { S3Bucket: putting.target, S3KeyPrefix: "out/", OutputType: ["ERROR"] },
  });
  assert.equal(ended.BulkOperationStatus, "COMPLETED_WITH_ERRORS", JSON.stringify(ended));
  assert.equal(ended.ProcessedItemCount, 11);
  assert.equal(ended.FailedItemCount, 8);
  assert.equal(ended.FailureCode, undefined);
  assert.deepEqual(await putting.contents(), [
    `{"pk":{"S":"a"}}`,
    `{"pk":{"S":"c"}}`,
    `{"pk":{"S":"d"}}`,
  ]);
  const report = await putting.report(`out/${folderOf(ended)}`);
  const errors = report["error/00001.json.gz"] as {
    S3Key: string;
    RecordNumber: number;
    Reason: string;
    Item?: object;
  }[];
  assert.deepEqual(
    errors.map(({ S3Key, RecordNumber }) => `${S3Key}/${RecordNumber}`),
    ["1/2", "1/3", "1/4", "1/5", "1/6", "1/7", "1/9", "2/1"],
  );
  assert.match(errors[0]!.Reason, /Missing the key pk in the item/);
  assert.deepEqual(errors[0]!.Item, { n: { N: "1" } });
  assert.match(errors[2]!.Reason, /Invalid ConditionExpression: Syntax error/);
  assert.match(errors[3]!.Reason, /no member Condition$/);
});

test("indexes and streams see the items, and the usage says what was written where", async () => {
  covers("dynamodb.StartBulkPutItems", "dynamodb.DescribeBulkOperation");
  const putting = await BulkPutting.start({
    ...indexedTable,
    StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
  });
  const lines = Array.from({ length: 30 }, (_, at) => ({
    Item: {
      pk: { S: "p" },
      sk: { N: String(at) },
      l: { S: "l" },
      ...(at < 10 && { g: { S: "g" } }),
    },
  }));
  await putting.put("1", lines.map((line) => JSON.stringify(line)).join("\n"));
  const { Table } = await putting.client.send(new DescribeTableCommand({ TableName: "indexed" }));
  const ended = await putting.run({ TableName: Table!.TableArn! });
  assert.equal(ended.BulkOperationStatus, "COMPLETED", JSON.stringify(ended));
  await checkCounts(putting.client, "indexed");
  assert.equal((await contentsOf(putting.client, "indexed", "by-g")).length, 10);
  const { Table: after } = await putting.client.send(
    new DescribeTableCommand({ TableName: "indexed" }),
  );
  const [usage] = ended.BulkOperationUsage!;
  const global = after!.GlobalSecondaryIndexes!.find(({ IndexName }) => IndexName === "by-g")!;
  const local = after!.LocalSecondaryIndexes![0]!;
  assert.deepEqual(usage, {
    TableName: "indexed",
    BulkPutBytes: after!.TableSizeBytes! + global.IndexSizeBytes! + local.IndexSizeBytes!,
    Table: { BulkPutBytes: after!.TableSizeBytes },
    GlobalSecondaryIndexes: { "by-g": { BulkPutBytes: global.IndexSizeBytes } },
    LocalSecondaryIndexes: { "by-l": { BulkPutBytes: local.IndexSizeBytes } },
  });
  const streams = new DynamoDBStreamsClient({
    endpoint: tule.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: putting.account, secretAccessKey: "test" },
  });
  const StreamArn = after!.LatestStreamArn!;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const { ShardId } = StreamDescription!.Shards![0]!;
  const { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
  );
  const { Records } = await streams.send(new GetRecordsCommand({ ShardIterator }));
  assert.equal(Records!.filter(({ eventName }) => eventName === "INSERT").length, 30);
  streams.destroy();
});

test("a rate bounds the pace, and an operation can be cancelled while it waits", async () => {
  covers("dynamodb.StartBulkPutItems", "dynamodb.CancelBulkOperation");
  const putting = await BulkPutting.start();
  // 400 units each: five seconds ahead and one step more is what a run may do of 16,000.
  await putting.put("1", jsonLines(40, 0, { v: { S: "x".repeat(400 * 1024 - 100) } }));
  const paced = { MaxWriteRequestUnits: 1_024 };
  const waiting = async (arn: string): Promise<void> => {
    const seen = await until(
      () => putting.describe(arn),
      ({ ProcessedItemCount, BulkOperationStatus }) =>
        BulkOperationStatus !== "IN_PROGRESS" || ProcessedItemCount! > 12,
    );
    assert.equal(seen.BulkOperationStatus, "IN_PROGRESS");
    assert(seen.ProcessedItemCount! < 20, String(seen.ProcessedItemCount));
  };
  const first = (await putting.begin(paced)).BulkOperationArn!;
  await waiting(first);
  tule.clock.moveTo(tule.clock.nowMs() + 5_500);
  const ended = await until(
    () => {
      tule.clock.moveTo(tule.clock.nowMs() + 1_000);
      return putting.describe(first);
    },
    ({ BulkOperationStatus }) => BulkOperationStatus !== "IN_PROGRESS",
  );
  assert.equal(ended.BulkOperationStatus, "COMPLETED", JSON.stringify(ended));
  assert.equal(ended.ProcessedItemCount, 40);
  assert.equal(ended.MaxWriteRequestUnits, 1_024);

  const second = (await putting.begin(paced)).BulkOperationArn!;
  await waiting(second);
  const cancel = (BulkOperationArn: string) =>
    putting.client.send(new CancelBulkOperationCommand({ BulkOperationArn }));
  const answer = await cancel(second);
  assert.equal(answer.BulkOperationArn, second);
  assert.equal(answer.BulkOperationStatus, "CANCELLING");
  const cancelled = await putting.ended(second);
  assert.equal(cancelled.BulkOperationStatus, "CANCELLED");
  assert.equal(cancelled.FailureCode, "Cancelled");
  assert(cancelled.ProcessedItemCount! < 40);
  assert.match(await refusal(cancel(second)), /^ValidationException: .* is CANCELLED$/);
  assert((await putting.report(folderOf(cancelled)))["manifest-summary.json"]);
});

test("a token stands for one operation, and operations are listed, newest first", async () => {
  covers("dynamodb.StartBulkPutItems", "dynamodb.ListBulkOperations");
  const putting = await BulkPutting.start();
  await putting.put("1", jsonLines(3));
  const first = await putting.begin({ ClientToken: "token" });
  await putting.ended(first.BulkOperationArn!);
  const again = await putting.begin({ ClientToken: "token" });
  assert.equal(again.BulkOperationArn, first.BulkOperationArn);
  assert.equal(again.BulkOperationStatus, "COMPLETED");
  assert.match(
    await refusal(putting.begin({ ClientToken: "token", PerformanceTier: "ACCELERATED" })),
    /^IdempotentParameterMismatchException: /,
  );
  const arns = [first.BulkOperationArn];
  for (let count = 0; count < 2; count++) {
    tule.clock.moveTo(tule.clock.nowMs() + 10);
    arns.unshift((await putting.run()).BulkOperationArn);
  }
  const listed: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await putting.client.send(
      new ListBulkOperationsCommand({ MaxResults: 2, NextToken }),
    );
    listed.push(...page.BulkOperationsSummaryList!.map((one) => one.BulkOperationArn));
    ({ NextToken } = page);
    if (NextToken !== undefined) assert.match(NextToken, /^([0-9a-f]{16})+$/);
  } while (NextToken !== undefined);
  assert.deepEqual(listed, arns);
  // Eight hours later the token is free.
  tule.clock.moveTo(tule.clock.nowMs() + 8 * 3_600_000);
  assert.notEqual(
    (await putting.begin({ ClientToken: "token" })).BulkOperationArn,
    first.BulkOperationArn,
  );
});

test("what S3 refuses fails the operation; nothing is written that could not be reported", async () => {
  covers("dynamodb.StartBulkPutItems", "dynamodb.DescribeBulkOperation");
  const putting = await BulkPutting.start();
  await putting.put("1", jsonLines(3));
  const nowhere = await putting.run({
    InputS3Configuration: { S3Bucket: "no-such-bucket-at-all", InputFormat: "DYNAMODB_JSON" },
  });
  assert.equal(nowhere.BulkOperationStatus, "FAILED");
  assert.equal(nowhere.FailureCode, "S3NoSuchBucket");
  const unreported = await putting.run({
    OutputS3Configuration: { S3Bucket: "no-such-bucket-at-all", OutputType: ["ERROR"] },
  });
  assert.equal(unreported.FailureCode, "S3NoSuchBucket");
  assert.deepEqual(await putting.contents(), []);
  // An operation may report into the bucket that it reads.
  const inside = await putting.run({
    OutputS3Configuration: {
      S3Bucket: putting.source,
      OutputType: ["ERROR"],
      S3SseAlgorithm: "AES256",
    },
  });
  assert.equal(inside.BulkOperationStatus, "COMPLETED");
  assert.equal(inside.ProcessedItemCount, 3);
  const { ServerSideEncryption } = await putting.s3.send(
    new HeadObjectCommand({
      Bucket: putting.source,
      Key: `${folderOf(inside)}manifest-summary.json`,
    }),
  );
  assert.equal(ServerSideEncryption, "AES256");
});

test("what cannot be put to is refused", async () => {
  covers(
    "dynamodb.StartBulkPutItems",
    "dynamodb.DescribeBulkOperation",
    "dynamodb.CancelBulkOperation",
  );
  const putting = await BulkPutting.start();
  await putting.put("1", jsonLines(40, 0, { v: { S: "x".repeat(400 * 1024 - 100) } }));
  assert.equal(
    await refusal(putting.begin({ TableName: "missing" })),
    "ResourceNotFoundException: Requested resource not found",
  );
  assert.match(
    await refusal(putting.begin({ OutputS3Configuration: { OutputType: ["ERROR"] } as never })),
    /^ValidationException: .*'outputS3Configuration.s3Bucket'/,
  );
  assert.match(
    await refusal(putting.begin({ MaxWriteRequestUnits: 1_023 })),
    /^ValidationException: .*'maxWriteRequestUnits' failed to satisfy constraint/,
  );
  const arn = `arn:aws:dynamodb:us-east-1:${putting.account}:table/plain`;
  for (const Command of [DescribeBulkOperationCommand, CancelBulkOperationCommand]) {
    const ask = (BulkOperationArn: string): Promise<string> =>
      refusal(putting.client.send(new Command({ BulkOperationArn }) as never));
    assert.equal(await ask(arn), "ValidationException: Invalid Bulk Operation ARN");
    assert.match(
      await ask(`${arn}/bulk-operation/01234567890123-a1b2c3d4`),
      /^ResourceNotFoundException: /,
    );
  }
  // While an operation is under way the table gets no replicas, and a table that has some gets no operation.
  const { BulkOperationArn } = await putting.begin({ MaxWriteRequestUnits: 1_024 });
  const addReplica = () =>
    putting.client.send(
      new UpdateTableCommand({
        TableName: "plain",
        ReplicaUpdates: [{ Create: { RegionName: "eu-west-1" } }],
      }),
    );
  assert.match(await refusal(addReplica()), /^ResourceInUseException: /);
  await putting.client.send(new CancelBulkOperationCommand({ BulkOperationArn }));
  await putting.ended(BulkOperationArn!);
  await addReplica();
  assert.match(await refusal(putting.begin()), /^ResourceInUseException: /);
  await until(
    async () => {
      const { Table } = await putting.client.send(new DescribeTableCommand({ TableName: "plain" }));
      return Table!.Replicas?.[0]?.ReplicaStatus;
    },
    (status) => status === "ACTIVE",
  );
  assert.match(await refusal(putting.begin()), /^ValidationException: .* global tables/);
});
