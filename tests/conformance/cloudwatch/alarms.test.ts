import assert from "node:assert/strict";
import test from "node:test";
import {
  type AlarmHistoryItem,
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  DescribeAlarmsForMetricCommand,
  DisableAlarmActionsCommand,
  EnableAlarmActionsCommand,
  type MetricAlarm,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { Watched } from "../../support/cloudwatch.ts";
import { makeTable } from "../../support/dynamodb-tables.ts";

const topic = "arn:aws:sns:us-east-1:000000000000:told";

/** An alarm on the average of "load" above 5, in two minutes of two. */
const load = {
  AlarmName: "high",
  Namespace: "Shop",
  MetricName: "load",
  Statistic: "Average",
  Period: 60,
  EvaluationPeriods: 2,
  Threshold: 5,
  ComparisonOperator: "GreaterThanThreshold",
} satisfies PutMetricAlarmCommandInput;

async function putAlarm(watched: Watched, more: Partial<PutMetricAlarmCommandInput> = {}) {
  await watched.client.send(new PutMetricAlarmCommand({ ...load, ...more }));
}

/** Lets minutes pass, with such a load in each; none where it is undefined. */
async function minutes(watched: Watched, ...loads: (number | undefined)[]): Promise<void> {
  for (const Value of loads) {
    if (Value !== undefined) {
      const MetricData = [{ MetricName: "load", Value }];
      await watched.client.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData }));
    }
    await watched.time({ move: "+60s" });
  }
}

async function alarmNamed(watched: Watched, name = "high"): Promise<MetricAlarm> {
  const { MetricAlarms } = await watched.client.send(
    new DescribeAlarmsCommand({ AlarmNames: [name] }),
  );
  return MetricAlarms![0]!;
}

const state = async (watched: Watched, name?: string): Promise<string> =>
  (await alarmNamed(watched, name)).StateValue!;

async function history(watched: Watched, more: object = {}): Promise<AlarmHistoryItem[]> {
  const { AlarmHistoryItems } = await watched.client.send(
    new DescribeAlarmHistoryCommand({ AlarmName: "high", ...more }),
  );
  return AlarmHistoryItems!;
}

test("an alarm goes off when its metric crossed the threshold often enough, and back", async () => {
  covers(
    "cloudwatch.PutMetricAlarm",
    "cloudwatch.DescribeAlarms",
    "cloudwatch.DescribeAlarmHistory",
  );
  const watched = await Watched.start();
  await putAlarm(watched);
  assert.equal(await state(watched), "INSUFFICIENT_DATA");
  await minutes(watched, 1);
  assert.equal(await state(watched), "OK");
  await minutes(watched, 9);
  assert.equal(await state(watched), "OK");
  await minutes(watched, 8);
  const alarm = await alarmNamed(watched);
  assert.equal(alarm.StateValue, "ALARM");
  assert.match(
    alarm.StateReason!,
    /^Threshold Crossed: 2 out of the last 2 datapoints \[8\.0 \(\d\d\/\d\d\/\d\d \d\d:\d\d:00\), 9\.0 \(.*\)\] were greater than the threshold \(5\.0\) \(minimum 2 datapoints for OK -> ALARM transition\)\.$/,
  );
  const data = JSON.parse(alarm.StateReasonData!) as { recentDatapoints: number[] };
  assert.deepEqual(data.recentDatapoints, [9, 8]);
  await minutes(watched, 2);
  assert.equal(await state(watched), "OK");
  const summaries = (await history(watched)).map(({ HistorySummary }) => HistorySummary);
  assert.deepEqual(summaries, [
    "Alarm updated from ALARM to OK",
    "Alarm updated from OK to ALARM",
    "Alarm updated from INSUFFICIENT_DATA to OK",
    'Alarm "high" created',
  ]);
});

test("what is missing is treated as the alarm says", async () => {
  covers("cloudwatch.PutMetricAlarm");
  const watched = await Watched.start();
  for (const TreatMissingData of ["missing", "ignore", "breaching", "notBreaching"]) {
    await putAlarm(watched, { AlarmName: TreatMissingData, TreatMissingData });
  }
  const states = () =>
    Promise.all(
      ["missing", "ignore", "breaching", "notBreaching"].map((name) => state(watched, name)),
    );
  await minutes(watched, undefined);
  assert.deepEqual(await states(), ["INSUFFICIENT_DATA", "INSUFFICIENT_DATA", "ALARM", "OK"]);
  await minutes(watched, 1, 1);
  assert.deepEqual(await states(), ["OK", "OK", "OK", "OK"]);
  await minutes(watched, undefined, undefined, undefined, undefined);
  assert.deepEqual(await states(), ["INSUFFICIENT_DATA", "OK", "ALARM", "OK"]);
  const { StateReason } = await alarmNamed(watched, "breaching");
  // recorded: test_breaching_alarm_actions
  assert.equal(
    StateReason,
    "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].",
  );
});

test("alarms of ten seconds are evaluated every ten seconds", async () => {
  covers("cloudwatch.PutMetricAlarm", "cloudwatch.PutMetricData");
  const watched = await Watched.start();
  await putAlarm(watched, { Period: 10, EvaluationPeriods: 1 });
  const MetricData = [{ MetricName: "load", Value: 9, StorageResolution: 1 }];
  await watched.client.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData }));
  await watched.time({ move: "+10s" });
  assert.equal(await state(watched), "ALARM");
});

test("an alarm looks at what a service counts by itself", async () => {
  covers("cloudwatch.PutMetricAlarm");
  const watched = await Watched.start();
  const dynamodb = watched.tule.dynamodb(watched.account);
  await makeTable(dynamodb, {
    TableName: "music",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  await putAlarm(watched, {
    Namespace: "AWS/DynamoDB",
    MetricName: "ConsumedWriteCapacityUnits",
    Dimensions: [{ Name: "TableName", Value: "music" }],
    Statistic: "Sum",
    EvaluationPeriods: 1,
    Threshold: 2,
  });
  for (const id of ["a", "b", "c"]) {
    await dynamodb.send(new PutItemCommand({ TableName: "music", Item: { id: { S: id } } }));
  }
  await watched.time({ move: "+60s" });
  assert.equal(await state(watched), "ALARM");
  // "Alarms that evaluate metrics in the AWS/DynamoDB namespace always ignore missing data."
  await minutes(watched, undefined, undefined, undefined, undefined);
  assert.equal(await state(watched), "ALARM");
});

test("an alarm looks at what an expression comes to", async () => {
  covers("cloudwatch.PutMetricAlarm");
  const watched = await Watched.start();
  const metric = (MetricName: string) => ({
    Metric: { Namespace: "Shop", MetricName },
    Period: 60,
    Stat: "Sum",
  });
  await watched.client.send(
    new PutMetricAlarmCommand({
      AlarmName: "high",
      EvaluationPeriods: 1,
      Threshold: 10,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      Metrics: [
        { Id: "errors", MetricStat: metric("errors"), ReturnData: false },
        { Id: "calls", MetricStat: metric("calls"), ReturnData: false },
        { Id: "rate", Expression: "100 * errors / calls", Label: "Error rate" },
      ],
    }),
  );
  const put = (errors: number, calls: number) =>
    watched.client.send(
      new PutMetricDataCommand({
        Namespace: "Shop",
        MetricData: [
          { MetricName: "errors", Value: errors },
          { MetricName: "calls", Value: calls },
        ],
      }),
    );
  await put(1, 20);
  await watched.time({ move: "+60s" });
  assert.equal(await state(watched), "OK");
  await put(2, 20);
  await watched.time({ move: "+60s" });
  assert.equal(await state(watched), "ALARM");
});

test("actions of services that are not here are told as failed, and not at all where they are disabled", async () => {
  covers(
    "cloudwatch.SetAlarmState",
    "cloudwatch.DisableAlarmActions",
    "cloudwatch.EnableAlarmActions",
    "cloudwatch.DescribeAlarmHistory",
  );
  const watched = await Watched.start();
  const nowhere = "arn:aws:swf:us-east-1:000000000000:action/actions/AWS_EC2.InstanceId.Stop/1.0";
  await putAlarm(watched, { AlarmActions: [nowhere], OKActions: [nowhere] });
  const set = (StateValue: "ALARM" | "OK") =>
    watched.client.send(
      new SetAlarmStateCommand({ AlarmName: "high", StateValue, StateReason: "testing" }),
    );
  const actions = () => history(watched, { HistoryItemType: "Action" });
  await watched.client.send(new DisableAlarmActionsCommand({ AlarmNames: ["high", "none"] }));
  assert.equal((await alarmNamed(watched)).ActionsEnabled, false);
  await set("ALARM");
  await watched.time({ move: "+0s" });
  assert.deepEqual(await actions(), []);
  await watched.client.send(new EnableAlarmActionsCommand({ AlarmNames: ["high"] }));
  await set("OK");
  await watched.time({ move: "+0s" });
  const [action, ...more] = await actions();
  assert.deepEqual(more, []);
  assert.equal(
    action?.HistorySummary,
    `Failed to execute action ${nowhere}. Received error: "Actions of swf are not implemented yet"`,
  );
});

// recorded: test_set_alarm, test_set_alarm_invalid_input, test_delete_alarm
test("a state that was set is described, and there are no alarms after they were deleted", async () => {
  covers("cloudwatch.SetAlarmState", "cloudwatch.DeleteAlarms", "cloudwatch.DescribeAlarms");
  const watched = await Watched.start();
  await putAlarm(watched, {
    AlarmActions: [topic],
    AlarmDescription: "when it is high",
    Dimensions: [{ Name: "InstanceId", Value: "abc" }],
    TreatMissingData: "ignore",
    Unit: "Percent",
  });
  await watched.client.send(
    new SetAlarmStateCommand({
      AlarmName: "high",
      StateValue: "ALARM",
      StateReason: "testing alarm",
    }),
  );
  const {
    AlarmConfigurationUpdatedTimestamp: a,
    StateTransitionedTimestamp: b,
    StateUpdatedTimestamp: c,
    ...alarm
  } = await alarmNamed(watched);
  assert(a && b && c);
  assert.deepEqual(alarm, {
    ActionsEnabled: true,
    AlarmActions: [topic],
    AlarmArn: `arn:aws:cloudwatch:us-east-1:${watched.account}:alarm:high`,
    AlarmDescription: "when it is high",
    AlarmName: "high",
    ComparisonOperator: "GreaterThanThreshold",
    Dimensions: [{ Name: "InstanceId", Value: "abc" }],
    EvaluationPeriods: 2,
    InsufficientDataActions: [],
    MetricName: "load",
    Namespace: "Shop",
    OKActions: [],
    Period: 60,
    StateReason: "testing alarm",
    StateValue: "ALARM",
    Statistic: "Average",
    Threshold: 5,
    TreatMissingData: "ignore",
    Unit: "Percent",
  });
  await assert.rejects(
    watched.client.send(
      new SetAlarmStateCommand({
        AlarmName: "high",
        StateValue: "INVALID" as "OK",
        StateReason: "x",
      }),
    ),
    {
      message:
        "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
    },
  );
  await assert.rejects(
    watched.client.send(
      new SetAlarmStateCommand({ AlarmName: "none", StateValue: "OK", StateReason: "x" }),
    ),
    { name: "ResourceNotFound" },
  );
  await watched.client.send(new DeleteAlarmsCommand({ AlarmNames: ["high", "none"] }));
  const after = await watched.client.send(new DescribeAlarmsCommand({}));
  assert.deepEqual([after.MetricAlarms, after.CompositeAlarms], [[], []]);
  await watched.time({ move: "+60s" });
  assert.equal((await history(watched))[0]?.HistorySummary, 'Alarm "high" deleted');
});

test("alarms are listed by name, page by page, and found by their metric", async () => {
  covers("cloudwatch.DescribeAlarms", "cloudwatch.DescribeAlarmsForMetric");
  const watched = await Watched.start();
  for (const AlarmName of ["b-2", "a", "b-1", "b-3"]) await putAlarm(watched, { AlarmName });
  const list = async (more: object) => {
    const { MetricAlarms, NextToken } = await watched.client.send(new DescribeAlarmsCommand(more));
    return { names: MetricAlarms!.map(({ AlarmName }) => AlarmName), NextToken };
  };
  const first = await list({ AlarmNamePrefix: "b-", MaxRecords: 2 });
  assert.deepEqual(first.names, ["b-1", "b-2"]);
  const second = await list({ AlarmNamePrefix: "b-", MaxRecords: 2, NextToken: first.NextToken });
  assert.deepEqual(second, { names: ["b-3"], NextToken: undefined });
  assert.deepEqual((await list({ StateValue: "ALARM" })).names, []);
  await assert.rejects(list({ NextToken: "?" }), { name: "InvalidNextToken" });
  await putAlarm(watched, { AlarmName: "other", MetricName: "other" });
  const found = await watched.client.send(
    new DescribeAlarmsForMetricCommand({ Namespace: "Shop", MetricName: "other" }),
  );
  assert.deepEqual(
    found.MetricAlarms!.map(({ AlarmName }) => AlarmName),
    ["other"],
  );
});

test("an alarm that could not be evaluated is refused", async () => {
  covers("cloudwatch.PutMetricAlarm");
  const watched = await Watched.start();
  const refused = async (more: object, message: RegExp) => {
    await assert.rejects(putAlarm(watched, more), { message });
  };
  await refused({ Period: 45 }, /^Period must be 10, 20, 30 or a multiple of 60$/);
  await refused(
    { Period: 60, EvaluationPeriods: 1441 },
    /^Metrics cannot be checked across more than a day \(EvaluationPeriods \* Period must be <= 86400\)\.$/,
  );
  await refused({ DatapointsToAlarm: 3 }, /DatapointsToAlarm must be less than/);
  await refused({ TreatMissingData: "maybe" }, /TreatMissingData not supported/);
  await refused({ AlarmActions: ["nonsense"] }, /^Invalid arn syntax: nonsense$/);
  await refused({ Statistic: undefined }, /Statistic and ExtendedStatistic/);
  await refused({ ComparisonOperator: "GreaterThanUpperThreshold" }, /not implemented/);
});

test("an alarm whose expression comes to nothing that can be compared says so, and goes on", async () => {
  covers("cloudwatch.PutMetricAlarm");
  const watched = await Watched.start();
  const Metric = { Namespace: "Shop", MetricName: "load" };
  await watched.client.send(
    new PutMetricAlarmCommand({
      AlarmName: "high",
      EvaluationPeriods: 1,
      Threshold: 10,
      ComparisonOperator: "GreaterThanThreshold",
      Metrics: [
        { Id: "m", MetricStat: { Metric, Period: 60, Stat: "Sum" }, ReturnData: false },
        { Id: "e", Expression: "[m] + [m]" },
      ],
    }),
  );
  await minutes(watched, 1);
  const alarm = await alarmNamed(watched);
  assert.deepEqual(
    [alarm.StateValue, alarm.EvaluationState],
    ["INSUFFICIENT_DATA", "EVALUATION_ERROR"],
  );
  await putAlarm(watched, { AlarmName: "high", EvaluationPeriods: 1, Threshold: 0 });
  await minutes(watched, 2);
  const mended = await alarmNamed(watched);
  assert.deepEqual([mended.StateValue, mended.EvaluationState], ["ALARM", undefined]);
});
