import assert from "node:assert/strict";
import test from "node:test";
import {
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListTagsForResourceCommand,
  type MetricDataQuery,
  type MetricDatum,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  TagResourceCommand,
  UntagResourceCommand,
  DeleteAlarmsCommand,
} from "@aws-sdk/client-cloudwatch";
import { covers } from "../../support/covers.ts";
import { Watched } from "../../support/cloudwatch.ts";

/*
 * What the service answered when it was recorded. The words behind each test's name are those of the recorded case.
 */

const watched = await Watched.start();
let namespaces = 0;

async function put(MetricData: MetricDatum[]): Promise<string> {
  const Namespace = `n-${(namespaces += 1)}`;
  await watched.client.send(new PutMetricDataCommand({ Namespace, MetricData }));
  return Namespace;
}

interface Asked {
  readonly MetricName?: string;
  readonly Stat?: string;
  readonly Period?: number;
  readonly Unit?: "Seconds" | "Milliseconds";
  readonly Label?: string;
}

async function data(Namespace: string, ...asked: Asked[]) {
  const MetricDataQueries = asked.map(
    ({ MetricName = "metric1", Stat = "Sum", Period = 60, Unit, Label }, at): MetricDataQuery => ({
      Id: `m${at}`,
      MetricStat: { Metric: { Namespace, MetricName }, Period, Stat, Unit },
      Label,
    }),
  );
  const nowMs = watched.nowMs();
  const { MetricDataResults } = await watched.client.send(
    new GetMetricDataCommand({
      MetricDataQueries,
      StartTime: new Date(nowMs - 60_000),
      EndTime: new Date(nowMs + 60_000),
    }),
  );
  return MetricDataResults!.map(({ Label, Values, Messages }) => ({
    label: Label,
    values: Values,
    ...(Messages === undefined ? {} : { messages: Messages }),
  }));
}

const seconds = (...values: number[]): MetricDatum[] =>
  values.map((Value) => ({ MetricName: "metric1", Value, Unit: "Seconds" }));

test("statistics of values and a set together: get_metric_data_stats", async () => {
  covers("cloudwatch.GetMetricData", "cloudwatch.PutMetricData");
  const StatisticValues = { SampleCount: 10, Sum: 55, Minimum: 1, Maximum: 10 };
  const name = await put([
    ...seconds(11),
    { MetricName: "metric1", StatisticValues, Unit: "Seconds" },
  ]);
  for (const [Stat, value] of [
    ["Sum", 66],
    ["Minimum", 1],
    ["Maximum", 11],
    ["SampleCount", 11],
  ] as const) {
    assert.deepEqual(await data(name, { Stat }), [{ label: "metric1", values: [value] }]);
  }
});

test("labels have what tells metrics apart: label_generation", async () => {
  covers("cloudwatch.GetMetricData");
  const name = await put(seconds(0, 2, 7, 100));
  const sum = { Stat: "Sum", Period: 60, Unit: "Seconds" } as const;
  const pairs = [
    [{ ...sum, Stat: "Minimum" }, "metric1 Sum", "metric1 Minimum", [0]],
    [{ ...sum, Period: 30 }, "metric1 60", "metric1 30", [109]],
    [
      { Stat: "Minimum", Period: 30, Unit: "Milliseconds" },
      "metric1 Sum 60",
      "metric1 Minimum 30",
      [],
    ],
    [{ ...sum, Stat: "Minimum", Unit: "Milliseconds" }, "metric1 Sum", "metric1 Minimum", []],
    [{ ...sum, Period: 30, Unit: "Milliseconds" }, "metric1 60", "metric1 30", []],
    [{ ...sum, Unit: "Milliseconds" }, "metric1", "metric1", []],
  ] as const;
  for (const [other, first, second, values] of pairs) {
    assert.deepEqual(await data(name, sum, other), [
      { label: first, values: [109] },
      { label: second, values },
    ]);
  }
});

test("zero is a value: get_metric_data_with_zero_and_labels", async () => {
  covers("cloudwatch.GetMetricData");
  const name = await put(seconds(0, 5, 4.5, 7, 0, 100));
  const asked = ["Average", "Sum", "Minimum", "Maximum"].map((Stat) => ({ Stat }));
  assert.deepEqual(await data(name, ...asked), [
    { label: "metric1 Average", values: [116.5 / 6] },
    { label: "metric1 Sum", values: [116.5] },
    { label: "metric1 Minimum", values: [0] },
    { label: "metric1 Maximum", values: [100] },
  ]);
});

test("of several units one is picked, and that is said: get_metric_data_different_units_no_unit_in_query", async () => {
  covers("cloudwatch.GetMetricData");
  const base: MetricDatum[] = [
    { MetricName: "metric1", Value: 60_000, Unit: "Milliseconds" },
    { MetricName: "metric1", Value: 60, Unit: "Seconds" },
  ];
  const count: MetricDatum = { MetricName: "metric1", Value: 5, Unit: "Count" };
  for (const [put1, value, units] of [
    [base, 60_000, "[Milliseconds, Seconds]"],
    [[...base, ...base], 120_000, "[Milliseconds, Seconds]"],
    [[...base, ...base, count], 5, "[Count, Milliseconds, Seconds]"],
  ] as const) {
    const messages = [{ Code: "MultipleUnits", Value: `Multiple units returned: '${units}'` }];
    const name = await put([...put1]);
    assert.deepEqual(await data(name, {}), [{ label: "metric1", values: [value], messages }]);
  }
  assert.deepEqual(await data(await put(base), { Unit: "Seconds" }), [
    { label: "metric1", values: [60] },
  ]);
});

test("each unit has its datapoint: handle_different_units", async () => {
  covers("cloudwatch.GetMetricStatistics");
  const Namespace = await put([
    { MetricName: "m-test", Value: 1, Unit: "Seconds" },
    { MetricName: "m-test", Value: 5, Unit: "Count" },
    { MetricName: "m-test", Value: 10 },
  ]);
  const { Datapoints, Label } = await watched.client.send(
    new GetMetricStatisticsCommand({
      Namespace,
      MetricName: "m-test",
      StartTime: watched.minute(1),
      EndTime: watched.minute(-1),
      Period: 60,
      Statistics: ["Average"],
    }),
  );
  const found = Datapoints!.map(({ Average, Unit }) => `${Average} ${Unit}`);
  assert.deepEqual(found.toSorted(), ["1 Seconds", "10 None", "5 Count"]);
  assert.equal(Label, "m-test");
});

test("a metric without dimensions is not the one with some: get_metric_with_null_dimensions", async () => {
  covers("cloudwatch.GetMetricData");
  const Dimensions = [{ Name: "foo", Value: "bar" }];
  const name = await put([{ MetricName: "metric1", Value: 1, Dimensions }]);
  assert.deepEqual(await data(name, {}), [{ label: "metric1", values: [] }]);
});

test("data that contradicts itself is refused: put_metric_data_validation", async () => {
  covers("cloudwatch.PutMetricData");
  const refused = async (datum: object, name: string, message: string) => {
    const MetricData = [{ MetricName: "mymetric", Unit: "Count" as const, ...datum }];
    await assert.rejects(put(MetricData), { name, message });
  };
  const set = { SampleCount: 10, Sum: 55, Minimum: 1, Maximum: 10 };
  await refused(
    { Value: 1.5, Values: [1, 10] },
    "InvalidParameterCombinationException",
    "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.",
  );
  await refused(
    { Values: [1, 10], Counts: [2, 4, 5] },
    "InvalidParameterValueException",
    "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
  );
  await refused(
    { Value: 1.5, StatisticValues: set },
    "InvalidParameterCombinationException",
    "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive and you have specified both.",
  );
  await put([{ MetricName: "mymetric", Values: [1, 10], StatisticValues: set }]);
});

test("too many datapoints and times that end before they begin: invalid_amount_of_datapoints", async () => {
  covers("cloudwatch.GetMetricStatistics");
  const ask = (secondsLong: number) =>
    watched.client.send(
      new GetMetricStatisticsCommand({
        Namespace: "namespace",
        MetricName: "metric_name",
        StartTime: watched.minute(),
        EndTime: new Date(watched.minute().getTime() + secondsLong * 1000),
        Period: 1,
        Statistics: ["SampleCount"],
      }),
    );
  await assert.rejects(ask(86_400), {
    name: "InvalidParameterCombinationException",
    message:
      "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
  });
  await assert.rejects(ask(-60), {
    name: "InvalidParameterValueException",
    message: "The parameter StartTime must be less than the parameter EndTime.",
  });
  const { Datapoints, Label } = await ask(60);
  assert.deepEqual({ Datapoints, Label }, { Datapoints: [], Label: "metric_name" });
});

test("tags of alarms: tagging_metric_alarm, tagging_composite_alarm", async () => {
  covers("cloudwatch.TagResource", "cloudwatch.UntagResource", "cloudwatch.ListTagsForResource");
  const Tags = [{ Key: "Environment", Value: "Production" }];
  await watched.client.send(
    new PutMetricAlarmCommand({
      AlarmName: "metric",
      Namespace: "n",
      MetricName: "m",
      Statistic: "Sum",
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 30,
      ComparisonOperator: "GreaterThanThreshold",
      Tags,
    }),
  );
  const AlarmRule = 'ALARM("metric")';
  await watched.client.send(
    new PutCompositeAlarmCommand({ AlarmName: "composite", AlarmRule, Tags }),
  );
  for (const name of ["composite", "metric"]) {
    const ResourceARN = `arn:aws:cloudwatch:us-east-1:${watched.account}:alarm:${name}`;
    const list = async () => {
      const answer = await watched.client.send(new ListTagsForResourceCommand({ ResourceARN }));
      return answer.Tags!.map(({ Key, Value }) => `${Key}=${Value}`).join(" ");
    };
    assert.equal(await list(), "Environment=Production");
    const more = [
      { Key: "tag1", Value: "foo" },
      { Key: "tag2", Value: "bar" },
    ];
    await watched.client.send(new TagResourceCommand({ ResourceARN, Tags: more }));
    assert.equal(await list(), "Environment=Production tag1=foo tag2=bar");
    await watched.client.send(new UntagResourceCommand({ ResourceARN, TagKeys: ["tag1"] }));
    assert.equal(await list(), "Environment=Production tag2=bar");
    await watched.client.send(new DeleteAlarmsCommand({ AlarmNames: [name] }));
    assert.equal(await list(), "");
  }
});
