import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { StreamsClient } from "../../support/dynamodb-streams.ts";
import { makeTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule, type Tule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const TableName = "expiring";
const yearSeconds = 365.25 * 86_400;

const table: CreateTableCommandInput = {
  TableName,
  AttributeDefinitions: [
    { AttributeName: "id", AttributeType: "S" },
    { AttributeName: "kind", AttributeType: "S" },
  ],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
  GlobalSecondaryIndexes: [
    {
      IndexName: "by-kind",
      KeySchema: [{ AttributeName: "kind", KeyType: "HASH" }],
      Projection: { ProjectionType: "ALL" },
    },
  ],
  StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
};

class Expiring {
  readonly tule: Tule;
  readonly account: string;
  readonly client: DynamoDBClient;
  readonly streams: StreamsClient;

  constructor(tule: Tule) {
    this.tule = tule;
    this.account = tule.newAccount();
    this.client = tule.dynamodb(this.account);
    this.streams = new StreamsClient(tule, this.account);
  }

  /** Each test that moves the clock has a server of its own. */
  static async start(): Promise<Expiring> {
    const expiring = new Expiring(await startTule());
    await makeTable(expiring.client, table);
    return expiring;
  }

  get nowSeconds(): number {
    return Math.floor(this.tule.clock.nowMs() / 1000);
  }

  pass(seconds: number): void {
    this.tule.clock.moveTo(this.tule.clock.nowMs() + seconds * 1000);
  }

  set(Enabled: boolean, AttributeName = "ttl"): Promise<unknown> {
    const TimeToLiveSpecification = { Enabled, AttributeName };
    return this.client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  }

  async enable(): Promise<void> {
    await this.set(true);
    await until(
      () => this.status(),
      (status) => status === "ENABLED",
    );
  }

  async status(): Promise<string | undefined> {
    const { TimeToLiveDescription } = await this.client.send(
      new DescribeTimeToLiveCommand({ TableName }),
    );
    return TimeToLiveDescription?.TimeToLiveStatus;
  }

  put(id: string, ttl?: AttributeValue | number): Promise<unknown> {
    const value = typeof ttl === "number" ? { N: String(ttl) } : ttl;
    const Item = { id: { S: id }, kind: { S: "k" }, ...(value && { ttl: value }) };
    return this.client.send(new PutItemCommand({ TableName, Item }));
  }

  async ids(): Promise<string> {
    const { Items } = await this.client.send(new ScanCommand({ TableName }));
    return Items!
      .map((item) => item["id"]!.S!)
      .toSorted()
      .join(" ");
  }

  async untilIds(ids: string): Promise<void> {
    await until(
      () => this.ids(),
      (found) => found === ids,
    );
  }
}

test("time to live is off at first, and described as it was asked for", async () => {
  covers("dynamodb.UpdateTimeToLive", "dynamodb.DescribeTimeToLive");
  const expiring = await Expiring.start();
  const describe = async (): Promise<unknown> =>
    (await expiring.client.send(new DescribeTimeToLiveCommand({ TableName })))
      .TimeToLiveDescription;
  assert.deepEqual(await describe(), { TimeToLiveStatus: "DISABLED" });
  const TimeToLiveSpecification = { Enabled: true, AttributeName: "ttl" };
  const answer = await expiring.client.send(
    new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }),
  );
  assert.deepEqual(answer.TimeToLiveSpecification, TimeToLiveSpecification);
  await until(
    () => expiring.status(),
    (status) => status === "ENABLED",
  );
  assert.deepEqual(await describe(), { TimeToLiveStatus: "ENABLED", AttributeName: "ttl" });
});

test("changes that make no sense are refused before changes that come too soon", async () => {
  covers("dynamodb.UpdateTimeToLive");
  const expiring = await Expiring.start();
  const tooSoon =
    "ValidationException: Time to live has been modified multiple times within a fixed interval";
  const other =
    "ValidationException: TimeToLive is active on a different AttributeName: current AttributeName is ttl";
  assert.equal(
    await refusal(expiring.set(false)),
    "ValidationException: TimeToLive is already disabled",
  );
  await expiring.enable();
  assert.equal(
    await refusal(expiring.set(true)),
    "ValidationException: TimeToLive is already enabled",
  );
  assert.equal(await refusal(expiring.set(true, "other")), other);
  assert.equal(await refusal(expiring.set(false, "other")), other);
  assert.equal(await refusal(expiring.set(false)), tooSoon);
  expiring.pass(1_812);
  assert.equal(await refusal(expiring.set(false)), tooSoon);
  expiring.pass(60);
  await expiring.set(false);
  await until(
    () => expiring.status(),
    (status) => status === "DISABLED",
  );
  assert.equal(await refusal(expiring.set(true)), tooSoon);
  expiring.pass(3_600);
  await expiring.set(true, "other");
});

test("a table that is not there has no time to live", async () => {
  covers("dynamodb.UpdateTimeToLive", "dynamodb.DescribeTimeToLive");
  const { client } = new Expiring(await startTule());
  const TimeToLiveSpecification = { Enabled: true, AttributeName: "ttl" };
  const update = (): Promise<unknown> =>
    client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  const describe = (): Promise<unknown> =>
    client.send(new DescribeTimeToLiveCommand({ TableName }));
  const missing = `ResourceNotFoundException: Requested resource not found: Table: ${TableName} not found`;
  assert.equal(await refusal(update()), missing);
  assert.equal(await refusal(describe()), missing);
});

test("an item goes when its second has come, from the table and its indexes", async () => {
  covers("dynamodb.UpdateTimeToLive", "dynamodb.Scan", "dynamodb.Query");
  const expiring = await Expiring.start();
  await expiring.enable();
  const now = expiring.nowSeconds;
  await expiring.put("keeps");
  await expiring.put("soon", now + 100);
  await expiring.put("later", now + 10_000);
  expiring.pass(50);
  assert.equal(await expiring.ids(), "keeps later soon");
  expiring.pass(60);
  await expiring.untilIds("keeps later");
  const { Items } = await expiring.client.send(
    new QueryCommand({
      TableName,
      IndexName: "by-kind",
      KeyConditionExpression: "kind = :kind",
      ExpressionAttributeValues: { ":kind": { S: "k" } },
    }),
  );
  assert.equal(Items?.length, 2);
  const { Table } = await expiring.client.send(new DescribeTableCommand({ TableName }));
  assert.equal(Table?.ItemCount, 2);
  assert.equal(Table.GlobalSecondaryIndexes?.[0]?.ItemCount, 2);
});

test("what is expired already goes within moments, on a clock that nobody moves", async () => {
  covers("dynamodb.UpdateTimeToLive");
  const expiring = await Expiring.start();
  await expiring.enable();
  await expiring.put("gone", expiring.nowSeconds - 60);
  await expiring.untilIds("");
});

test("items that were there before are found when time to live is enabled", async () => {
  covers("dynamodb.UpdateTimeToLive");
  const expiring = await Expiring.start();
  const past = expiring.nowSeconds - 60;
  await Promise.all(Array.from({ length: 150 }, (_, at) => expiring.put(`old ${at}`, past)));
  await expiring.put("young", past + 7_200);
  await expiring.enable();
  await expiring.untilIds("young");
});

test("only numbers of seconds count, and none that are more than five years past", async () => {
  covers("dynamodb.UpdateTimeToLive");
  const expiring = await Expiring.start();
  await expiring.enable();
  const now = expiring.nowSeconds;
  await expiring.put("text", { S: String(now - 60) });
  await expiring.put("map", { M: { ttl: { N: String(now - 60) } } });
  await expiring.put("ancient", Math.floor(now - 5.1 * yearSeconds));
  await expiring.put("negative", -5);
  await expiring.put("milliseconds", now * 1000);
  await expiring.put("huge", { N: "1e100" });
  await expiring.put("old", Math.floor(now - 4.9 * yearSeconds));
  await expiring.put("fraction", { N: `${now - 60}.5` });
  await expiring.untilIds("ancient huge map milliseconds negative text");
});

test("a new value counts, whichever way it is written", async () => {
  covers("dynamodb.UpdateItem", "dynamodb.TransactWriteItems", "dynamodb.PutItem");
  const expiring = await Expiring.start();
  const { client } = expiring;
  await expiring.enable();
  const now = expiring.nowSeconds;
  for (const id of ["a", "b", "c", "d", "e"]) await expiring.put(id, now + 1_000);
  const update = (id: string, UpdateExpression: string, value?: AttributeValue): object => ({
    TableName,
    Key: { id: { S: id } },
    UpdateExpression,
    ExpressionAttributeNames: { "#ttl": "ttl" },
    ...(value && { ExpressionAttributeValues: { ":ttl": value } }),
  });
  await expiring.put("a");
  await client.send(new UpdateItemCommand(update("b", "REMOVE #ttl") as never));
  const laterValue = { N: String(now + 100_000) };
  await client.send(
    new TransactWriteItemsCommand({
      TransactItems: [{ Update: update("c", "SET #ttl = :ttl", laterValue) as never }],
    }),
  );
  await client.send(new UpdateItemCommand(update("d", "SET #ttl = :ttl", { S: "soon" }) as never));
  expiring.pass(2_000);
  await expiring.untilIds("a b c d");
});

test("the record of an expiry names DynamoDB as the one who did it", async () => {
  covers("dynamodb.UpdateTimeToLive", "dynamodbstreams.GetRecords");
  const expiring = await Expiring.start();
  await expiring.enable();
  const ttl = expiring.nowSeconds + 100;
  await expiring.put("a", ttl);
  expiring.pass(200);
  await expiring.untilIds("");
  const [arn] = await expiring.streams.list();
  const [inserted, removed, ...more] = await expiring.streams.read(arn!);
  assert.deepEqual(more, []);
  assert.equal(inserted!.userIdentity, undefined);
  assert.equal(removed!.eventName, "REMOVE");
  assert.deepEqual(removed!.userIdentity, {
    Type: "Service",
    PrincipalId: "dynamodb.amazonaws.com",
  });
  assert.deepEqual(removed!.dynamodb.OldImage, {
    id: { S: "a" },
    kind: { S: "k" },
    ttl: { N: String(ttl) },
  });
});

test("a clock that is moved by years deletes what these years would have deleted", async () => {
  covers("dynamodb.UpdateTimeToLive");
  const expiring = await Expiring.start();
  await expiring.enable();
  for (let at = 0; at < 120; at += 1) await expiring.put(`${at}`, expiring.nowSeconds + 60 + at);
  await expiring.put("later", Math.floor(expiring.nowSeconds + 9 * yearSeconds));
  expiring.pass(8 * yearSeconds);
  await expiring.untilIds("later");
});

test("nothing expires once time to live is disabled", async () => {
  covers("dynamodb.UpdateTimeToLive", "dynamodb.GetItem");
  const expiring = await Expiring.start();
  await expiring.enable();
  await expiring.put("a", expiring.nowSeconds + 10_000);
  expiring.pass(3_600);
  await expiring.set(false);
  await until(
    () => expiring.status(),
    (status) => status === "DISABLED",
  );
  expiring.pass(20_000);
  await expiring.put("b", expiring.nowSeconds - 10);
  const { Item } = await expiring.client.send(
    new GetItemCommand({ TableName, Key: { id: { S: "a" } } }),
  );
  assert(Item);
  // Enabled again, it finds both.
  await expiring.enable();
  await expiring.untilIds("");
});
