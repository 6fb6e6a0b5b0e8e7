import assert from "node:assert/strict";
import test from "node:test";
import {
  DeleteItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { east, europe, Regions, setLink, west } from "../../support/dynamodb-replicas.ts";
import { StreamsClient } from "../../support/dynamodb-streams.ts";
import { makeTable, plainTable } from "../../support/dynamodb-tables.ts";
import { startTule, type Tule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const TableName = plainTable.TableName!;

/** Links are the server's: each test has one of its own. */
async function start(): Promise<{ tule: Tule; where: Regions }> {
  const tule = await startTule();
  const where = new Regions(() => tule);
  await makeTable(where.in(east), plainTable);
  await where.addReplica(TableName, west);
  return { tule, where };
}

const put = (where: Regions, region: string, pk: string, text: string): Promise<unknown> =>
  where
    .in(region)
    .send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, text: { S: text } } }));

const textOf = async (where: Regions, region: string, pk: string) =>
  (await where.get(TableName, region, pk))?.["text"]?.S;

const pass = ({ clock }: Tule, ms: number): void => clock.moveTo(clock.nowMs() + ms);

async function untilText(where: Regions, pk: string, text: string | undefined): Promise<void> {
  for (const region of [east, west]) {
    await until(
      () => textOf(where, region, pk),
      (found) => found === text,
    );
  }
}

test("regions that are cut from each other serve on, and agree on the last write when they are healed", async () => {
  covers("dynamodb.PutItem", "dynamodb.DeleteItem");
  const { tule, where } = await start();
  for (const pk of ["a", "b", "c", "d"]) await put(where, east, pk, "before");
  await untilText(where, "d", "before");
  await setLink(tule, [east, west], { cut: true });
  await put(where, west, "a", "west, first");
  pass(tule, 1_000);
  await put(where, east, "a", "east, last");
  await put(where, east, "b", "east, first");
  await where.in(east).send(new DeleteItemCommand({ TableName, Key: { pk: { S: "c" } } }));
  await put(where, west, "d", "west, first");
  pass(tule, 1_000);
  await put(where, west, "b", "west, last");
  await put(where, west, "c", "west, after it was deleted");
  await where.in(east).send(new DeleteItemCommand({ TableName, Key: { pk: { S: "d" } } }));
  pass(tule, 60_000);
  assert.equal(await textOf(where, west, "a"), "west, first");
  assert.equal(await textOf(where, east, "b"), "east, first");
  await setLink(tule, [east, west], { cut: false });
  pass(tule, 1_000);
  await untilText(where, "a", "east, last");
  await untilText(where, "b", "west, last");
  await untilText(where, "c", "west, after it was deleted");
  await untilText(where, "d", undefined);
});

test("writes of the same microsecond are settled by the region's name, in both regions alike", async () => {
  covers("dynamodb.PutItem");
  const { tule, where } = await start();
  await setLink(tule, [east, west], { cut: true });
  tule.clock.freeze();
  await put(where, west, "a", "west");
  await put(where, east, "a", "east");
  await setLink(tule, [east, west], { cut: false });
  tule.clock.resume();
  pass(tule, 1_000);
  await untilText(where, "a", "west");
});

test("a region's own write comes after all that it has seen, whatever its clock says", async () => {
  covers("dynamodb.PutItem");
  const { tule, where } = await start();
  pass(tule, 3_600_000);
  await put(where, west, "a", "an hour ahead");
  await untilText(where, "a", "an hour ahead");
  pass(tule, -3_600_000);
  await put(where, east, "a", "later all the same");
  await untilText(where, "a", "later all the same");
});

test("a delay between regions is as long as it is said", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem");
  const { tule, where } = await start();
  await setLink(tule, [east, west], { delay: "10m" });
  await put(where, east, "a", "slow");
  pass(tule, 590_000);
  await put(where, east, "b", "slower");
  assert.equal(await textOf(where, west, "a"), undefined);
  pass(tule, 11_000);
  await until(
    () => textOf(where, west, "a"),
    (text) => text === "slow",
  );
  assert.equal(await textOf(where, west, "b"), undefined);
  const query = `account=${where.account}&namespace=AWS/DynamoDB&metric=ReplicationLatency&TableName=${TableName}&ReceivingRegion=${west}`;
  const { points } = await until(
    async () => {
      const page = await tule.raw({ method: "GET", path: `/_tule/measurements?${query}` });
      return page.json as { points: { minimum: number; count: number }[] };
    },
    (page) => page.points.length > 0,
  );
  assert.equal(points[0]!.count, 1);
  assert(points[0]!.minimum >= 600_000, JSON.stringify(points));
});

test("a replica that was cut off for long gets what it missed; the third one needs nobody's help", async () => {
  covers("dynamodb.UpdateTable");
  const { tule, where } = await start();
  await where.addReplica(TableName, europe);
  await setLink(tule, [europe, "*"], { cut: true });
  await put(where, east, "a", "east");
  await put(where, europe, "b", "europe");
  await untilText(where, "a", "east");
  pass(tule, 3 * 86_400_000);
  await setLink(tule, [europe, "*"], { cut: false });
  pass(tule, 1_000);
  await untilText(where, "b", "europe");
  await until(
    () => textOf(where, europe, "a"),
    (text) => text === "east",
  );
});

test("a stream has each change of its replica once; replicated ones too", async () => {
  covers("dynamodbstreams.GetRecords");
  const { tule, where } = await start();
  await put(where, east, "a", "1");
  await untilText(where, "a", "1");
  await put(where, west, "a", "2");
  await untilText(where, "a", "2");
  await where.in(east).send(new DeleteItemCommand({ TableName, Key: { pk: { S: "a" } } }));
  await untilText(where, "a", undefined);
  for (const region of [east, west]) {
    const streams = new StreamsClient(tule, where.account, region);
    const table = await where.describe(TableName, region);
    const records = await streams.read(table!.LatestStreamArn!);
    assert.deepEqual(
      records.map(({ eventName, awsRegion }) => [eventName, awsRegion]),
      [
        ["INSERT", region],
        ["MODIFY", region],
        ["REMOVE", region],
      ],
    );
  }
});

test("an item that expires goes everywhere; the stream of the region that wrote it tells why", async () => {
  covers("dynamodb.UpdateTimeToLive", "dynamodbstreams.GetRecords");
  const { tule, where } = await start();
  await where.in(east).send(
    new UpdateTimeToLiveCommand({
      TableName,
      TimeToLiveSpecification: { Enabled: true, AttributeName: "until" },
    }),
  );
  const until_ = { N: String(Math.floor(tule.clock.nowMs() / 1000) + 600) };
  const Item = { pk: { S: "a" }, text: { S: "short" }, until: until_ };
  await where.in(east).send(new PutItemCommand({ TableName, Item }));
  await untilText(where, "a", "short");
  pass(tule, 700_000);
  await untilText(where, "a", undefined);
  const who: unknown[] = [];
  for (const region of [east, west]) {
    const streams = new StreamsClient(tule, where.account, region);
    const table = await where.describe(TableName, region);
    const records = await streams.read(table!.LatestStreamArn!);
    assert.deepEqual(
      records.map(({ eventName }) => eventName),
      ["INSERT", "REMOVE"],
    );
    who.push(records[1]!.userIdentity?.PrincipalId);
  }
  assert.deepEqual(who, ["dynamodb.amazonaws.com", undefined]);
});

test("a transaction is atomic where it is made, and its items are replicated", async () => {
  covers("dynamodb.TransactWriteItems");
  const { where } = await start();
  await where.in(west).send(
    new TransactWriteItemsCommand({
      TransactItems: ["a", "b"].map((pk) => ({
        Put: { TableName, Item: { pk: { S: pk }, text: { S: "both" } } },
      })),
    }),
  );
  await untilText(where, "a", "both");
  await untilText(where, "b", "both");
});

test("tombstones are forgotten when nobody needs them any more", async () => {
  covers("dynamodb.DeleteItem");
  const { tule, where } = await start();
  await put(where, east, "a", "1");
  await untilText(where, "a", "1");
  await where.in(east).send(new DeleteItemCommand({ TableName, Key: { pk: { S: "a" } } }));
  await untilText(where, "a", undefined);
  for (let day = 0; day < 3; day += 1) pass(tule, 86_400_000);
  await put(where, west, "a", "anew");
  await untilText(where, "a", "anew");
});
