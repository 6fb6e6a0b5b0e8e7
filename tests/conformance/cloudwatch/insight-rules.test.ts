import assert from "node:assert/strict";
import test from "node:test";
import {
  DescribeInsightRulesCommand,
  GetInsightRuleReportCommand,
} from "@aws-sdk/client-cloudwatch";
import {
  DescribeContributorInsightsCommand,
  PutItemCommand,
  UpdateContributorInsightsCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { Watched } from "../../support/cloudwatch.ts";
import { makeTable } from "../../support/dynamodb-tables.ts";

test("a report of contributor insights tells which keys were used most", async () => {
  covers("cloudwatch.GetInsightRuleReport", "cloudwatch.DescribeInsightRules");
  const watched = await Watched.start();
  const TableName = "music";
  const dynamodb = watched.tule.dynamodb(watched.account);
  await makeTable(dynamodb, {
    TableName,
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  const ContributorInsightsAction = "ENABLE";
  await dynamodb.send(
    new UpdateContributorInsightsCommand({ TableName, ContributorInsightsAction }),
  );
  const write = (id: string) =>
    dynamodb.send(new PutItemCommand({ TableName, Item: { id: { S: id } } }));
  for (const id of ["a", "b", "b", "b"]) await write(id);
  await watched.time({ move: "+60s" });
  await write("a");
  const { ContributorInsightsRuleList: rules } = await dynamodb.send(
    new DescribeContributorInsightsCommand({ TableName }),
  );
  const RuleName = rules!.find((name) => name.includes("-PKC-"))!;
  const { InsightRules } = await watched.client.send(new DescribeInsightRulesCommand({}));
  assert(InsightRules!.some(({ Name, ManagedRule }) => Name === RuleName && ManagedRule));
  const { $metadata: _, ...report } = await watched.client.send(
    new GetInsightRuleReportCommand({
      RuleName,
      StartTime: watched.minute(1),
      EndTime: watched.minute(-1),
      Period: 60,
      MaxContributorCount: 1,
      Metrics: ["UniqueContributors", "Sum"],
    }),
  );
  assert.deepEqual(report, {
    KeyLabels: ["PartitionKey"],
    AggregationStatistic: "Sum",
    AggregateValue: 5,
    ApproximateUniqueCount: 2,
    Contributors: [
      {
        Keys: ["b"],
        ApproximateAggregateValue: 3,
        Datapoints: [{ Timestamp: watched.minute(1), ApproximateValue: 3 }],
      },
    ],
    MetricDatapoints: [
      { Timestamp: watched.minute(1), UniqueContributors: 2, Sum: 4 },
      { Timestamp: watched.minute(), UniqueContributors: 1, Sum: 1 },
    ],
  });
  await assert.rejects(
    watched.client.send(
      new GetInsightRuleReportCommand({
        RuleName: "none",
        StartTime: watched.minute(1),
        EndTime: watched.minute(),
        Period: 60,
      }),
    ),
    { name: "ResourceNotFoundException" },
  );
});
