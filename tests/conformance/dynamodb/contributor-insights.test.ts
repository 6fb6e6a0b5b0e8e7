import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateTableCommand,
  DeleteItemCommand,
  DescribeContributorInsightsCommand,
  type DescribeContributorInsightsCommandOutput,
  type DynamoDBClient,
  GetItemCommand,
  ListContributorInsightsCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateContributorInsightsCommand,
  type UpdateContributorInsightsCommandInput,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { indexedTable, makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();

class Insights {
  readonly account = tule.newAccount();
  readonly client: DynamoDBClient = tule.dynamodb(this.account);
  readonly TableName: string;

  constructor(TableName: string) {
    this.TableName = TableName;
  }

  static async start(definition = plainTable): Promise<Insights> {
    const insights = new Insights(definition.TableName!);
    await makeTable(insights.client, definition);
    return insights;
  }

  describe(IndexName?: string): Promise<DescribeContributorInsightsCommandOutput> {
    const { TableName } = this;
    return this.client.send(new DescribeContributorInsightsCommand({ TableName, IndexName }));
  }

  async update(
    ContributorInsightsAction: "ENABLE" | "DISABLE",
    more: Partial<UpdateContributorInsightsCommandInput> = {},
  ): Promise<string> {
    const { TableName } = this;
    const answer = await this.client.send(
      new UpdateContributorInsightsCommand({ TableName, ContributorInsightsAction, ...more }),
    );
    return answer.ContributorInsightsStatus!;
  }

  settled(IndexName?: string): Promise<DescribeContributorInsightsCommandOutput> {
    return until(
      () => this.describe(IndexName),
      ({ ContributorInsightsStatus: status }) => !status!.endsWith("ING"),
    );
  }

  async list(): Promise<string> {
    const { ContributorInsightsSummaries: all } = await this.client.send(
      new ListContributorInsightsCommand({}),
    );
    return all!.map((one) => `${one.IndexName ?? "table"} ${one.ContributorInsightsStatus}`).join();
  }

  /** What a rule has counted: "a 3, b 1". */
  async report(kind: string, IndexName?: string): Promise<string> {
    const { ContributorInsightsRuleList: rules } = await this.describe(IndexName);
    const rule = rules!.find((name) => name.includes(`-${kind}-`))!;
    const path = `/_tule/contributors?account=${this.account}&rule=${rule}`;
    const answer = await tule.raw({ method: "GET", path });
    if (answer.status === 404) return "";
    const { contributors } = answer.json as {
      contributors: { keys: string[]; sum: number }[];
    };
    return contributors.map(({ keys, sum }) => `${keys.join("/")} ${sum}`).join(", ");
  }
}

// Answers and their order: ack-api-quirks, DDB-TABLE-089, 091, 092 and 343; the first is recorded.
test("insights are enabled and disabled, and the mode changes in place", async () => {
  covers(
    ...(["dynamodb.UpdateContributorInsights", "dynamodb.DescribeContributorInsights"] as const),
    "dynamodb.ListContributorInsights",
  );
  const insights = await Insights.start();
  const { $metadata: _, ...fresh } = await insights.describe();
  assert.deepEqual(fresh, { TableName: "plain", ContributorInsightsStatus: "DISABLED" });
  assert.equal(await insights.update("DISABLE"), "DISABLED");
  assert.equal(await insights.list(), "");
  assert.equal(await insights.update("ENABLE"), "ENABLING");
  const enabled = await insights.settled();
  assert.equal(enabled.ContributorInsightsStatus, "ENABLED");
  assert.equal(enabled.ContributorInsightsMode, "ACCESSED_AND_THROTTLED_KEYS");
  const rules = enabled.ContributorInsightsRuleList!;
  assert.equal(rules.length, 2);
  assert.match(rules[0]!, /^DynamoDBContributorInsights-PKC-plain-\d{13}$/);
  assert.match(rules[1]!, /^DynamoDBContributorInsights-PKT-plain-\d{13}$/);
  assert.equal(await insights.update("ENABLE"), "ENABLED");
  assert.equal(await insights.list(), "table ENABLED");
  const throttled = { ContributorInsightsMode: "THROTTLED_KEYS" } as const;
  assert.equal(await insights.update("ENABLE", throttled), "ENABLING");
  assert.deepEqual((await insights.settled()).ContributorInsightsRuleList, [rules[1]]);
  assert.equal(await insights.update("ENABLE"), "ENABLING");
  assert.deepEqual((await insights.settled()).ContributorInsightsRuleList, rules);
  assert.equal(await insights.update("DISABLE", throttled), "DISABLING");
  const disabled = await insights.settled();
  assert.equal(disabled.ContributorInsightsStatus, "DISABLED");
  assert.equal(disabled.ContributorInsightsMode, "ACCESSED_AND_THROTTLED_KEYS");
  assert.equal(disabled.ContributorInsightsRuleList, undefined);
  assert(disabled.LastUpdateDateTime !== undefined);
  assert.equal(await insights.list(), "");
});

test("insights of what is not there, or not yet, are refused", async () => {
  covers("dynamodb.UpdateContributorInsights", "dynamodb.DescribeContributorInsights");
  const insights = new Insights("plain");
  assert.equal(
    await refusal(insights.describe()),
    "ResourceNotFoundException: Requested resource not found: Table: plain not found",
  );
  await insights.client.send(new CreateTableCommand(plainTable));
  assert.match(await refusal(insights.describe("none")), /^ResourceNotFoundException/);
});

test("the keys that are used most are counted, and nothing before insights are on", async () => {
  covers("dynamodb.UpdateContributorInsights", "dynamodb.PutItem", "dynamodb.Query");
  const insights = await Insights.start(indexedTable);
  const { client, TableName } = insights;
  const item = (pk: string, sk: number, g?: string): object => ({
    pk: { S: pk },
    sk: { N: String(sk) },
    ...(g && { g: { S: g } }),
  });
  const put = (Item: object): Promise<unknown> =>
    client.send(new PutItemCommand({ TableName, Item: Item as never }));
  await put(item("before", 1));
  await insights.update("ENABLE");
  await insights.update("ENABLE", { IndexName: "by-g" });
  await insights.settled();
  await insights.settled("by-g");
  for (let at = 0; at < 3; at += 1) await put(item("a", 7, "red"));
  await put(item("a", -2.5, "blue"));
  await put(item("b", 1));
  await client.send(
    new GetItemCommand({ TableName, Key: item("b", 1) as never, ConsistentRead: true }),
  );
  await client.send(new DeleteItemCommand({ TableName, Key: item("c", 1) as never }));
  assert.equal(await insights.report("PKC"), "a 4, b 2, c 1");
  assert.equal(await insights.report("SKC"), "a/7 3, b/1 2, a/-2.5 1, c/1 1");
  assert.equal(await insights.report("PKC", "by-g"), "red 1, blue 1");
  const query = new QueryCommand({
    TableName,
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": { S: "a" } },
  });
  await client.send(query);
  await client.send(new ScanCommand({ TableName }));
  assert.match(await insights.report("PKC"), /^a 4\.0\d+, b 2\.0\d+, c 1, before 0\.0/);
  await insights.update("DISABLE");
  await insights.settled();
  await put(item("d", 1));
  await insights.update("ENABLE");
  await insights.settled();
  assert.equal(await insights.report("PKC"), "");
});

test("throttled keys are counted as well", async () => {
  covers("dynamodb.UpdateContributorInsights", "dynamodb.PutItem");
  const insights = await Insights.start({
    ...plainTable,
    BillingMode: "PROVISIONED",
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
  });
  await insights.update("ENABLE", { ContributorInsightsMode: "THROTTLED_KEYS" });
  await insights.settled();
  const { client, TableName } = insights;
  const Item = { pk: { S: "hot" }, fill: { S: "x".repeat(100_000) } };
  const put = new PutItemCommand({ TableName, Item });
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => client.send(put)));
  const refused = outcomes.filter(({ status }) => status === "rejected").length;
  assert(refused > 0);
  assert.equal(await insights.report("PKT"), `hot ${refused}`);
});
