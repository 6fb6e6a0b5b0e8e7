import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { makeTable } from "../../support/dynamodb-tables.ts";
import { startTule, type Tule } from "../../support/tule.ts";

const TableName = "busy";
const arn = (account: string, resource = `table/${TableName}`): string =>
  `arn:aws:dynamodb:us-east-1:${account}:${resource}`;

const tableExceeded =
  "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.";
const indexExceeded =
  "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API.";

function table(
  readUnits: number,
  writeUnits: number,
  indexUnits?: number,
): CreateTableCommandInput {
  const units = (read: number, write: number) => ({
    ReadCapacityUnits: read,
    WriteCapacityUnits: write,
  });
  return {
    TableName,
    AttributeDefinitions: [
      { AttributeName: "id", AttributeType: "S" },
      ...(indexUnits ? [{ AttributeName: "kind", AttributeType: "S" } as const] : []),
    ],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    ProvisionedThroughput: units(readUnits, writeUnits),
    ...(indexUnits && {
      GlobalSecondaryIndexes: [
        {
          IndexName: "by-kind",
          KeySchema: [{ AttributeName: "kind", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
          ProvisionedThroughput: units(1, indexUnits),
        },
      ],
    }),
  };
}

/** A server of its own, for its clock stands still. */
class Busy {
  readonly tule: Tule;
  readonly account: string;
  readonly client: DynamoDBClient;
  #ids = 10_000;

  constructor(tule: Tule) {
    this.tule = tule;
    this.account = tule.newAccount();
    this.client = tule.dynamodb(this.account);
  }

  static async start(
    description: CreateTableCommandInput,
    options: Parameters<typeof startTule>[0] = {},
  ): Promise<Busy> {
    const busy = new Busy(await startTule(options));
    await makeTable(busy.client, description);
    busy.tule.clock.freeze();
    return busy;
  }

  pass(seconds: number): void {
    this.tule.clock.moveTo(this.tule.clock.nowMs() + seconds * 1000);
  }

  put(id: string, more: object = {}): Promise<unknown> {
    const Item = { id: { S: id }, ...more };
    return this.client.send(new PutItemCommand({ TableName, Item }));
  }

  /** All are as long as each other. */
  #newId(): string {
    return String((this.#ids += 1));
  }

  /** Takes so many units at once, with items of just that size. */
  async spendWrites(units: number, more: object = {}): Promise<void> {
    for (let left = units; left > 0; left -= 300) {
      await this.put(this.#newId(), { ...more, text: textOf(Math.min(left, 300) * 1024, more) });
    }
  }

  /** The same for reads; it writes as much as a large item takes. */
  async spendReads(units: number): Promise<void> {
    for (let left = units; left > 0; left -= 75) {
      const id = this.#newId();
      await this.put(id, { text: textOf(Math.min(left, 75) * 4096) });
      await this.get(id);
    }
  }

  /** Puts items of one unit, until one is refused; answers how many were taken. */
  async putAll(more: object = {}): Promise<number> {
    return this.#until((at) => this.put(`${at}`, more));
  }

  async getAll(): Promise<number> {
    return this.#until((at) => this.get(`${at}`));
  }

  get(id: string): Promise<unknown> {
    return this.client.send(
      new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }),
    );
  }

  async #until(act: (at: number) => Promise<unknown>): Promise<number> {
    for (let at = 0; ; at += 1) {
      try {
        await act(at);
      } catch (error) {
        if (isThrottle(error)) return at;
        throw error;
      }
    }
  }

  sum(metric: string, dimensions: Record<string, string> = {}): Promise<number> {
    return this.tule.measured(this.account, "AWS/DynamoDB", metric, { TableName, ...dimensions });
  }
}

/** The text that makes an item with such an id this large. */
function textOf(sizeBytes: number, more: object = {}): AttributeValue {
  const others = "id".length + "10000".length + "text".length;
  const kind = "kind" in more ? "kind".length + 1 : 0;
  return { S: "x".repeat(sizeBytes - others - kind) };
}

interface ThrottleError {
  readonly name: string;
  readonly message: string;
  readonly ThrottlingReasons?: unknown;
  readonly throttlingReasons?: unknown;
  readonly CancellationReasons?: unknown;
}

function isThrottle(error: unknown): error is ThrottleError {
  const names = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
  ];
  return error instanceof Error && names.includes(error.name);
}

async function throttle(request: Promise<unknown>): Promise<ThrottleError> {
  try {
    await request;
  } catch (error) {
    return error as ThrottleError;
  }
  throw new assert.AssertionError({ message: "was not throttled" });
}

test("a provisioned table takes its burst at once, and then what it has each second", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem");
  const busy = await Busy.start(table(1, 5));
  await busy.spendWrites(5 * 300 - 7);
  assert.equal(await busy.putAll(), 7);
  for (const seconds of [1, 1, 2]) {
    busy.pass(seconds);
    assert.equal(await busy.putAll(), 5 * seconds);
  }
  busy.pass(1_000);
  await busy.spendReads(300 - 4);
  assert.equal(await busy.getAll(), 4);
  busy.pass(1);
  assert.equal(await busy.getAll(), 1);
  // What nobody uses is kept for five minutes.
  busy.pass(1_000);
  await busy.spendWrites(5 * 300 - 2);
  assert.equal(await busy.putAll(), 2);
});

test("a throttle says which limit of which resource was exceeded", async () => {
  covers("dynamodb.PutItem");
  const busy = await Busy.start(table(1, 1));
  await busy.spendWrites(300);
  const error = await throttle(busy.put("x"));
  assert.equal(error.name, "ProvisionedThroughputExceededException");
  assert.equal(error.message, tableExceeded);
  assert.deepEqual(error.ThrottlingReasons, [
    { reason: "TableWriteProvisionedThroughputExceeded", resource: arn(busy.account) },
  ]);
});

test("a large write is a debt that the coming seconds pay", async () => {
  covers("dynamodb.PutItem");
  const busy = await Busy.start(table(1, 1));
  await busy.spendWrites(299);
  await busy.spendWrites(10);
  busy.pass(9);
  assert.equal(await busy.putAll(), 0);
  busy.pass(1);
  assert.equal(await busy.putAll(), 1);
});

test("a condition that fails consumes, a throttled request does not", async () => {
  covers("dynamodb.PutItem");
  const busy = await Busy.start(table(1, 1));
  const fail = () =>
    busy.client.send(
      new PutItemCommand({
        TableName,
        Item: { id: { S: "a" } },
        ConditionExpression: "attribute_exists(id)",
      }),
    );
  await busy.spendWrites(280);
  let failures = 0;
  for (;;) {
    const error = await throttle(fail());
    if (error.name !== "ConditionalCheckFailedException") break;
    failures += 1;
  }
  assert.equal(failures, 20);
  for (let at = 0; at < 5; at += 1) await throttle(fail());
  busy.pass(1);
  assert.equal(await busy.putAll(), 1);
  assert.equal(await busy.sum("ConditionalCheckFailedRequests"), 20);
});

test("an index that has nothing left throttles its table's writes, but only those that change it", async () => {
  covers("dynamodb.PutItem", "dynamodb.Query");
  const busy = await Busy.start(table(1, 100, 1));
  const kind = { kind: { S: "k" } };
  await busy.spendWrites(290, kind);
  assert.equal(await busy.putAll(kind), 10);
  const error = await throttle(busy.put("x", kind));
  assert.equal(error.name, "ProvisionedThroughputExceededException");
  assert.equal(error.message, indexExceeded);
  const index = arn(busy.account, `table/${TableName}/index/by-kind`);
  assert.deepEqual(error.ThrottlingReasons, [
    { reason: "IndexWriteProvisionedThroughputExceeded", resource: index },
  ]);
  await busy.put("x");
  await busy.put("0", kind);
  const GlobalSecondaryIndexName = "by-kind";
  const events = "WriteProvisionedThroughputThrottleEvents";
  assert.equal(await busy.sum(events, { GlobalSecondaryIndexName }), 2);
  assert.equal(await busy.sum(events), 0);
  assert.equal(await busy.sum("ConsumedWriteCapacityUnits", { GlobalSecondaryIndexName }), 300);
  assert.equal(await busy.sum("ConsumedWriteCapacityUnits"), 302);
  // The index's reads are its own.
  const query = () =>
    busy.client.send(
      new QueryCommand({
        TableName,
        IndexName: "by-kind",
        KeyConditionExpression: "kind = :kind",
        ExpressionAttributeValues: { ":kind": { S: "k" } },
        Select: "COUNT",
      }),
    );
  // 290 KB without consistency cost about 37 units.
  for (let at = 0; at < 9; at += 1) await query();
  assert.deepEqual((await throttle(query())).ThrottlingReasons, [
    { reason: "IndexReadProvisionedThroughputExceeded", resource: index },
  ]);
  await busy.get("0");
});

test("a batch does what it can and hands back the rest, and fails if that is nothing", async () => {
  covers("dynamodb.BatchWriteItem", "dynamodb.BatchGetItem");
  const busy = await Busy.start(table(5, 20));
  await busy.spendReads(5 * 300);
  await busy.spendWrites(20 * 300 - 4 * 5 * 300);
  busy.pass(0.5);
  const ids = Array.from({ length: 25 }, (_, at) => `b${at}`);
  const write = () =>
    busy.client.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: ids.map((id) => ({ PutRequest: { Item: { id: { S: id } } } })),
        },
      }),
    );
  const { UnprocessedItems } = await write();
  assert.deepEqual(
    UnprocessedItems?.[TableName]?.map((request) => request.PutRequest?.Item?.["id"]?.S),
    ids.slice(10),
  );
  assert.equal((await throttle(write())).name, "ProvisionedThroughputExceededException");
  const read = () =>
    busy.client.send(
      new BatchGetItemCommand({
        RequestItems: {
          [TableName]: { Keys: ids.map((id) => ({ id: { S: id } })), ConsistentRead: true },
        },
      }),
    );
  busy.pass(0.5);
  const { Responses, UnprocessedKeys } = await read();
  assert.equal(Responses?.[TableName]?.length, 5);
  assert.deepEqual(UnprocessedKeys?.[TableName], {
    Keys: ids.slice(5).map((id) => ({ id: { S: id } })),
    ConsistentRead: true,
  });
  assert.equal((await throttle(read())).name, "ProvisionedThroughputExceededException");
});

test("a transaction without capacity is cancelled, with the reason of each action", async () => {
  covers("dynamodb.TransactWriteItems", "dynamodb.TransactGetItems");
  const busy = await Busy.start(table(2, 8));
  await busy.spendReads(600);
  assert.equal(await busy.putAll(), 0);
  busy.pass(0.25);
  const writes = ["a", "b"].map((id) => ({ Put: { TableName, Item: { id: { S: id } } } }));
  const error = await throttle(
    busy.client.send(new TransactWriteItemsCommand({ TransactItems: writes })),
  );
  assert.equal(error.name, "TransactionCanceledException");
  assert.deepEqual(error.CancellationReasons, [
    { Code: "None" },
    { Code: "ProvisionedThroughputExceeded", Message: tableExceeded },
  ]);
  busy.pass(0.75);
  const reads = [{ Get: { TableName, Key: { id: { S: "0" } } } }];
  await busy.client.send(new TransactGetItemsCommand({ TransactItems: reads }));
  const refused = await throttle(
    busy.client.send(new TransactGetItemsCommand({ TransactItems: reads })),
  );
  assert.equal(refused.name, "TransactionCanceledException");
  assert.deepEqual(refused.CancellationReasons, [
    { Code: "ProvisionedThroughputExceeded", Message: tableExceeded },
  ]);
});

test("pages of Query, Scan and PartiQL are throttled as reads", async () => {
  covers("dynamodb.Query", "dynamodb.Scan", "dynamodb.ExecuteStatement");
  const busy = await Busy.start(table(1, 100));
  await busy.put("0");
  await busy.getAll();
  const requests = [
    () => busy.client.send(new ScanCommand({ TableName })),
    () =>
      busy.client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: "id = :id",
          ExpressionAttributeValues: { ":id": { S: "0" } },
        }),
      ),
    () =>
      busy.client.send(new ExecuteStatementCommand({ Statement: `SELECT * FROM ${TableName}` })),
  ];
  for (const request of requests) {
    const error = await throttle(request());
    assert.deepEqual(error.ThrottlingReasons, [
      { reason: "TableReadProvisionedThroughputExceeded", resource: arn(busy.account) },
    ]);
    busy.pass(1);
    await request();
    await request();
  }
});

test("an update of the throughput counts at once", async () => {
  covers("dynamodb.UpdateTable");
  const busy = await Busy.start(table(1, 1));
  await busy.spendWrites(300);
  const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 50 };
  await busy.client.send(new UpdateTableCommand({ TableName, ProvisionedThroughput }));
  busy.pass(1);
  assert.equal(await busy.putAll(), 50);
});

test("an on-demand table has the maximum that was set for it", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem", "dynamodb.UpdateTable");
  const { ProvisionedThroughput: _, ...rest } = table(1, 1);
  const busy = await Busy.start({
    ...rest,
    BillingMode: "PAY_PER_REQUEST",
    OnDemandThroughput: { MaxReadRequestUnits: 1, MaxWriteRequestUnits: 2 },
  });
  await busy.spendWrites(600);
  busy.pass(1);
  assert.equal(await busy.putAll(), 2);
  const error = await throttle(busy.put("x"));
  assert.equal(error.name, "ThrottlingException");
  assert.equal(
    error.message,
    "Throughput exceeds the maximum OnDemandThroughput configured on table or index",
  );
  assert.deepEqual(error.throttlingReasons, [
    { reason: "TableWriteMaxOnDemandThroughputExceeded", resource: arn(busy.account) },
  ]);
  assert.equal(await busy.sum("WriteMaxOnDemandThroughputThrottleEvents"), 2);
  const OnDemandThroughput = { MaxWriteRequestUnits: -1 };
  await busy.client.send(new UpdateTableCommand({ TableName, OnDemandThroughput }));
  busy.pass(1);
  await busy.spendWrites(3_000);
});

test("with limits of partitions, one hot key is throttled where others are not", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem");
  const busy = await Busy.start(table(10_000, 10_000), { partitionLimits: true });
  const large = { text: { S: "x".repeat(350 * 1024) } };
  for (let at = 0; at < 3; at += 1) await busy.put("hot", large);
  const error = await throttle(busy.put("hot"));
  assert.equal(error.name, "ProvisionedThroughputExceededException");
  assert.deepEqual(error.ThrottlingReasons, [
    { reason: "TableWriteKeyRangeThroughputExceeded", resource: arn(busy.account) },
  ]);
  await busy.put("cold", large);
  for (let at = 0; at < 35; at += 1) await busy.get("hot");
  assert.deepEqual((await throttle(busy.get("hot"))).ThrottlingReasons, [
    { reason: "TableReadKeyRangeThroughputExceeded", resource: arn(busy.account) },
  ]);
  busy.pass(2);
  await busy.put("hot");
  await busy.get("hot");
});

test("without throttling everything is taken, and counted all the same", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem");
  const busy = await Busy.start(table(1, 1), { throttle: false });
  await busy.spendReads(750);
  assert.equal(await busy.sum("ConsumedWriteCapacityUnits"), 3_000);
  assert.equal(await busy.sum("ConsumedReadCapacityUnits"), 750);
});

test("requests are counted as CloudWatch names them", async () => {
  covers("dynamodb.PutItem");
  const busy = await Busy.start(table(1, 1));
  for (let at = 0; at < 10; at += 1) await busy.put(`${at}`);
  await busy.spendWrites(290);
  assert.equal(await busy.putAll(), 0);
  await throttle(busy.client.send(new ScanCommand({ TableName, Limit: 0 })));
  await throttle(busy.client.send(new ScanCommand({ TableName: "none" })));
  await busy.client.send(new ScanCommand({ TableName, Limit: 7 }));
  const counted = (metric: string, Operation: string): Promise<number> =>
    busy.sum(metric, { Operation });
  assert.equal(await counted("ThrottledRequests", "PutItem"), 1);
  assert.equal(await counted("ReturnedItemCount", "Scan"), 7);
  assert((await counted("SuccessfulRequestLatency", "PutItem")) > 0);
  assert.equal(await busy.sum("WriteThrottleEvents"), 1);
  assert.equal(await busy.sum("ConsumedWriteCapacityUnits"), 300);
  const { account, tule } = busy;
  assert.equal(await tule.measured(account, "AWS/DynamoDB", "UserErrors", {}), 2);
});

test("accounts and regions have capacity of their own", async () => {
  covers("dynamodb.PutItem");
  const busy = await Busy.start(table(1, 1));
  await busy.spendWrites(300);
  assert.equal(await busy.putAll(), 0);
  const others = [
    busy.tule.dynamodb(),
    busy.tule.dynamodb(busy.account, { region: "eu-central-1" }),
  ];
  for (const client of others) {
    await makeTable(client, table(1, 1));
    await client.send(new PutItemCommand({ TableName, Item: { id: { S: "a" } } }));
  }
});
