import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import {
  DeleteScalingPolicyCommand,
  DeregisterScalableTargetCommand,
  DescribeScalingPoliciesCommand,
  PutScalingPolicyCommand,
  RegisterScalableTargetCommand,
} from "@aws-sdk/client-application-auto-scaling";
import {
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { DescribeTableCommand, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { cloudWatchOf } from "../../support/cloudwatch.ts";
import { covers } from "../../support/covers.ts";
import { indexWrites, ScaledTable, TableName, tableWrites } from "../../support/scaled-table.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

test("a table grows with its traffic and shrinks after it", async () => {
  covers(
    "application-autoscaling.RegisterScalableTarget",
    "application-autoscaling.PutScalingPolicy",
    "application-autoscaling.DescribeScalingActivities",
  );
  const scaled = await ScaledTable.start();
  await scaled.register(5, 100);
  await scaled.track(70);
  await scaled.minutes(1, 20);
  assert.equal(await scaled.writeUnits(), 10);
  await scaled.minutes(1, 20);
  // 20 units a second are 70 % of 28.6.
  assert.equal(await scaled.writeUnits(), 29);
  await scaled.minutes(14, 2);
  assert.equal(await scaled.writeUnits(), 29);
  await scaled.minutes(1, 2);
  assert.equal(await scaled.writeUnits(), 5);

  const [shrunk, grown, ...more] = await scaled.activities();
  assert.deepEqual(more, []);
  assert.equal(grown?.Description, "Setting write capacity units to 29.");
  assert.equal(
    grown.StatusMessage,
    "Successfully set write capacity units to 29. Change successfully fulfilled by dynamodb.",
  );
  assert.equal(grown.StatusCode, "Successful");
  assert.match(
    grown.Cause!,
    /^monitor alarm TargetTracking-table\/scaled-AlarmHigh-[0-9a-f-]{36} in state ALARM triggered policy follow$/,
  );
  assert.match(shrunk!.Cause!, /-AlarmLow-/);
  assert.equal(shrunk!.Description, "Setting write capacity units to 5.");
});

test("a table that nobody uses keeps what it has", async () => {
  covers("application-autoscaling.PutScalingPolicy");
  const scaled = await ScaledTable.start();
  await scaled.register(5, 100);
  await scaled.track(70);
  await scaled.minutes(20, 0);
  assert.equal(await scaled.writeUnits(), 10);
});

test("the maximum holds, and what it held back is told once", async () => {
  covers("application-autoscaling.DescribeScalingActivities");
  const scaled = await ScaledTable.start();
  await scaled.register(5, 10);
  await scaled.track(50);
  await scaled.minutes(4, 9);
  assert.equal(await scaled.writeUnits(), 10);
  assert.deepEqual(await scaled.activities(), []);
  const [held, ...more] = await scaled.activities(true);
  assert.deepEqual(more, []);
  assert.deepEqual(held?.NotScaledReasons, [
    { Code: "AlreadyAtMaxCapacity", CurrentCapacity: 10, MaxCapacity: 10 },
  ]);
});

test("cooldowns, suspensions and a disabled scale-in are obeyed", async () => {
  covers(
    "application-autoscaling.PutScalingPolicy",
    "application-autoscaling.RegisterScalableTarget",
  );
  const scaled = await ScaledTable.start();
  await scaled.register(5, 100);
  await scaled.track(50, { ScaleOutCooldown: 300, DisableScaleIn: true });
  await scaled.minutes(2, 10);
  assert.equal(await scaled.writeUnits(), 20);
  await scaled.minutes(4, 20);
  assert.equal(await scaled.writeUnits(), 20);
  await scaled.minutes(1, 20);
  assert.equal(await scaled.writeUnits(), 40);
  await scaled.minutes(16, 1);
  assert.equal(await scaled.writeUnits(), 40);
  await scaled.scaling.send(
    new RegisterScalableTargetCommand({
      ...tableWrites,
      SuspendedState: { DynamicScalingOutSuspended: true },
    }),
  );
  await scaled.minutes(3, 40);
  assert.equal(await scaled.writeUnits(), 40);
});

test("of two policies the larger wish counts", async () => {
  covers("application-autoscaling.PutScalingPolicy");
  const scaled = await ScaledTable.start();
  await scaled.register(1, 100);
  await scaled.track(70);
  await scaled.track(40, {}, "cautious");
  await scaled.minutes(2, 8);
  assert.equal(await scaled.writeUnits(), 20);
  // 5 is low enough for one of them alone.
  await scaled.minutes(15, 5);
  assert.equal(await scaled.writeUnits(), 20);
});

test("a decrease that DynamoDB refuses is told as failed", async () => {
  covers("application-autoscaling.DescribeScalingActivities");
  const scaled = await ScaledTable.start();
  // Four decreases of a UTC day are free, and a further one needs an hour without any.
  await scaled.time({ set: "2027-03-01T01:00:00Z" });
  for (const WriteCapacityUnits of [9, 8, 7, 6]) {
    const ProvisionedThroughput = { ReadCapacityUnits: 10, WriteCapacityUnits };
    await scaled.dynamodb.send(new UpdateTableCommand({ TableName, ProvisionedThroughput }));
    await scaled.untilWriteUnits(WriteCapacityUnits);
    await scaled.time({ move: "+1s" });
  }
  await scaled.register(1, 100);
  await scaled.track(70);
  await scaled.minutes(16, 1);
  assert.equal(await scaled.writeUnits(), 6);
  const [failed] = await scaled.activities();
  assert.equal(failed?.StatusCode, "Failed");
  assert.match(failed.StatusMessage!, /Provisioned throughput decreases are limited/);
  await scaled.minutes(60, 1);
  assert.equal(await scaled.writeUnits(), 2);
});

test("an index is a target of its own", async () => {
  covers(
    "application-autoscaling.RegisterScalableTarget",
    "application-autoscaling.PutScalingPolicy",
  );
  const scaled = await ScaledTable.start();
  await scaled.register(1, 100, indexWrites);
  await scaled.scaling.send(
    new PutScalingPolicyCommand({
      ...indexWrites,
      PolicyName: "index",
      PolicyType: "TargetTrackingScaling",
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 50,
        PredefinedMetricSpecification: { PredefinedMetricType: "DynamoDBWriteCapacityUtilization" },
      },
    }),
  );
  for (let minute = 0; minute < 2; minute++) {
    // Entries of keys alone cost a unit each: one and a half a second.
    await Promise.all(Array.from({ length: 90 }, () => scaled.write(1, { kind: { S: "k" } })));
    await scaled.time({ move: "+60s" });
  }
  const { Table } = await scaled.dynamodb.send(new DescribeTableCommand({ TableName }));
  const [index] = Table!.GlobalSecondaryIndexes!;
  assert.equal(index?.ProvisionedThroughput?.WriteCapacityUnits, 3);
  assert.equal(Table?.ProvisionedThroughput?.WriteCapacityUnits, 10);
});

test("a metric of one's own is followed in proportion", async () => {
  covers("application-autoscaling.PutScalingPolicy");
  const scaled = await ScaledTable.start();
  await scaled.register(1, 1_000);
  await scaled.track(300, {
    PredefinedMetricSpecification: undefined,
    CustomizedMetricSpecification: {
      Namespace: "AWS/DynamoDB",
      MetricName: "ConsumedWriteCapacityUnits",
      Dimensions: [{ Name: "TableName", Value: TableName }],
      Statistic: "Sum",
    },
  });
  await scaled.minutes(3, 10);
  assert.equal(await scaled.writeUnits(), 20);
});

test("targets, policies and what they have seen survive a restart", async () => {
  covers("application-autoscaling.DescribeScalingPolicies");
  const dataFolder = mkdtempSync(join(tmpdir(), "tule-scaling-"));
  const first = await ScaledTable.start({ dataFolder });
  await first.register(5, 100);
  await first.track(70);
  await first.minutes(1, 20);
  const timeMs = first.tule.clock.nowMs();
  await first.tule.close();
  const second = new ScaledTable(await startTule({ dataFolder }), first.account);
  await second.time({ set: new Date(timeMs).toISOString(), frozen: true });
  await second.minutes(1, 20);
  assert.equal(await second.writeUnits(), 29);
  await second.tule.close();
  rmSync(dataFolder, { recursive: true, force: true });
});

test("another region's table of the same name is left alone", async () => {
  covers("application-autoscaling.RegisterScalableTarget");
  const scaled = await ScaledTable.start();
  const other = new ScaledTable(scaled.tule, scaled.account, "eu-west-1");
  await other.make();
  await scaled.register(5, 100);
  await scaled.track(70);
  await scaled.minutes(2, 20);
  assert.equal(await scaled.writeUnits(), 29);
  assert.equal(await other.writeUnits(), 10);
  const policies = await other.scaling.send(
    new DescribeScalingPoliciesCommand({ ServiceNamespace: "dynamodb" }),
  );
  assert.deepEqual(policies.ScalingPolicies, []);
});

test("a target that is deregistered is not scaled any more", async () => {
  covers("application-autoscaling.DeregisterScalableTarget");
  const scaled = await ScaledTable.start();
  await scaled.register(5, 100);
  await scaled.track(70);
  await scaled.minutes(1, 20);
  await scaled.scaling.send(new DeregisterScalableTargetCommand(tableWrites));
  await scaled.minutes(2, 20);
  assert.equal(await scaled.writeUnits(), 10);
});

test("the alarms of a policy are in CloudWatch, follow the capacity, and go with the policy", async () => {
  covers("application-autoscaling.PutScalingPolicy", "application-autoscaling.DeleteScalingPolicy");
  const scaled = await ScaledTable.start();
  const cloudwatch = cloudWatchOf(scaled.tule, scaled.account);
  const alarms = async () => {
    const AlarmNamePrefix = "TargetTracking-table/scaled-";
    const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNamePrefix }));
    return MetricAlarms!.map(
      ({ AlarmName, Threshold, StateValue }) =>
        `${/-([A-Za-z]+)-[0-9a-f-]{36}$/.exec(AlarmName!)?.[1]} ${Math.round(Threshold!)} ${StateValue}`,
    );
  };
  await scaled.register(5, 100);
  await scaled.track(70);
  await scaled.time({ move: "+0s" });
  assert.deepEqual(await alarms(), [
    "AlarmHigh 420 INSUFFICIENT_DATA",
    "AlarmLow 300 INSUFFICIENT_DATA",
    "ProvisionedCapacityHigh 10 INSUFFICIENT_DATA",
    "ProvisionedCapacityLow 10 INSUFFICIENT_DATA",
  ]);
  await scaled.minutes(2, 20);
  assert.equal(await scaled.writeUnits(), 29);
  assert.equal((await alarms())[0]?.split(" ")[2], "ALARM");
  await scaled.minutes(1, 20);
  assert.equal((await alarms())[0]?.split(" ")[1], "1218");
  const { AlarmHistoryItems } = await cloudwatch.send(
    new DescribeAlarmHistoryCommand({ HistoryItemType: "Action" }),
  );
  assert.match(
    AlarmHistoryItems!.at(-1)!.HistorySummary!,
    /^Successfully executed action arn:aws:autoscaling:.*:policyName\/follow$/,
  );
  // What nobody does is not told as done: the policy goes by its numbers, not by a state that somebody sets.
  const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({}));
  const set = MetricAlarms!.find(({ AlarmName }) => AlarmName!.includes("AlarmLow"))!;
  const AlarmName = set.AlarmName!;
  await cloudwatch.send(
    new SetAlarmStateCommand({ AlarmName, StateValue: "OK", StateReason: "to begin with" }),
  );
  await cloudwatch.send(
    new SetAlarmStateCommand({ AlarmName, StateValue: "ALARM", StateReason: "a try" }),
  );
  const { AlarmHistoryItems: tried } = await until(
    () =>
      cloudwatch.send(new DescribeAlarmHistoryCommand({ AlarmName, HistoryItemType: "Action" })),
    ({ AlarmHistoryItems: items }) => items!.length > 0,
  );
  assert.match(tried![0]!.HistorySummary!, /^Failed to execute action .* are not implemented yet/);
  const { ResourceId, ScalableDimension, ServiceNamespace } = tableWrites;
  const named = { ResourceId, ScalableDimension, ServiceNamespace, PolicyName: "follow" };
  await scaled.scaling.send(new DeleteScalingPolicyCommand(named));
  await scaled.time({ move: "+0s" });
  assert.deepEqual(await alarms(), []);
});
