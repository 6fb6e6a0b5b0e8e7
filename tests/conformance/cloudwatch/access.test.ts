import assert from "node:assert/strict";
import test from "node:test";
import {
  GetDashboardCommand,
  PutDashboardCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { covers } from "../../support/covers.ts";
import { cloudWatchOf } from "../../support/cloudwatch.ts";
import { allowing, iamOf, makeUser } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

test("policies speak of alarms and dashboards by ARN, and of the namespace that data is put in", async () => {
  covers("cloudwatch.PutMetricData", "cloudwatch.SetAlarmState", "cloudwatch.GetDashboard");
  const account = tule.newAccount();
  const root = cloudWatchOf(tule, account);
  for (const AlarmName of ["mine", "yours"]) {
    await root.send(
      new PutMetricAlarmCommand({
        AlarmName,
        Namespace: "shop",
        MetricName: "orders",
        Statistic: "Sum",
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: "GreaterThanThreshold",
        Tags: [{ Key: "team", Value: AlarmName === "mine" ? "blue" : "red" }],
      }),
    );
  }
  const DashboardBody = '{"widgets":[]}';
  await root.send(new PutDashboardCommand({ DashboardName: "main", DashboardBody }));
  const keys = await makeUser(
    iamOf(tule, account),
    "watcher",
    {
      ...allowing("cloudwatch:PutMetricData"),
      Condition: { StringEquals: { "cloudwatch:namespace": "shop" } },
    },
    {
      ...allowing("cloudwatch:SetAlarmState", `arn:aws:cloudwatch:us-east-1:${account}:alarm:*`),
      Condition: { StringEquals: { "aws:ResourceTag/team": "blue" } },
    },
    allowing("cloudwatch:GetDashboard", `arn:aws:cloudwatch::${account}:dashboard/main`),
  );
  const client = cloudWatchOf(tule, account, { credentials: keys });
  const MetricData = [{ MetricName: "orders", Value: 1 }];
  await client.send(new PutMetricDataCommand({ Namespace: "shop", MetricData }));
  const denied = { name: /AccessDenied/ };
  await assert.rejects(
    client.send(new PutMetricDataCommand({ Namespace: "other", MetricData })),
    denied,
  );
  const set = (AlarmName: string) =>
    client.send(new SetAlarmStateCommand({ AlarmName, StateValue: "OK", StateReason: "testing" }));
  await set("mine");
  await assert.rejects(set("yours"), denied);
  await client.send(new GetDashboardCommand({ DashboardName: "main" }));
  await assert.rejects(
    client.send(new PutDashboardCommand({ DashboardName: "main", DashboardBody })),
    denied,
  );
});
