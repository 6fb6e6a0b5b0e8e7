import assert from "node:assert/strict";
import test from "node:test";
import {
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  type MetricDatum,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { covers } from "../../support/covers.ts";
import { Watched } from "../../support/cloudwatch.ts";

const watched = await Watched.start();
const Namespace = "Shop";

function put(...MetricData: MetricDatum[]): Promise<unknown> {
  return watched.client.send(new PutMetricDataCommand({ Namespace, MetricData }));
}

/** The statistics of the last ten minutes as one datapoint, or the datapoints of each. */
async function statistics(MetricName: string, more: object = {}) {
  const { Datapoints } = await watched.client.send(
    new GetMetricStatisticsCommand({
      Namespace,
      MetricName,
      StartTime: watched.minute(10),
      EndTime: watched.minute(-1),
      Period: 660,
      Statistics: ["SampleCount", "Sum", "Average", "Minimum", "Maximum"],
      ...more,
    }),
  );
  return Datapoints!;
}

test("values, counts and statistic sets of one period are one datapoint", async () => {
  covers("cloudwatch.PutMetricData", "cloudwatch.GetMetricStatistics");
  await put(
    { MetricName: "orders", Value: 11 },
    { MetricName: "orders", Values: [1, 2.5], Counts: [3, 2] },
    {
      MetricName: "orders",
      StatisticValues: { SampleCount: 10, Sum: 55, Minimum: 0.5, Maximum: 20 },
    },
  );
  const [point, ...more] = await statistics("orders");
  assert.deepEqual(more, []);
  assert.deepEqual(point, {
    Timestamp: watched.minute(10),
    SampleCount: 16,
    Sum: 74,
    Average: 74 / 16,
    Minimum: 0.5,
    Maximum: 20,
    Unit: "None",
  });
});

// recorded: test_put_metric_data_values_list
test("a list of values with counts", async () => {
  covers("cloudwatch.PutMetricData");
  await put({ MetricName: "list", Values: [1, 10], Counts: [2, 4], Unit: "Count" });
  const [point] = await statistics("list", { Statistics: ["SampleCount", "Sum", "Maximum"] });
  assert.deepEqual(point, {
    Maximum: 10,
    SampleCount: 6,
    Sum: 42,
    Timestamp: watched.minute(10),
    Unit: "Count",
  });
});

test("expressions are computed over what metrics came to, and what is not to be returned is not", async () => {
  covers("cloudwatch.GetMetricData");
  await put({ MetricName: "a", Value: 4 }, { MetricName: "b", Value: 2 });
  const metric = (MetricName: string) => ({
    Metric: { Namespace, MetricName },
    Period: 60,
    Stat: "Sum",
  });
  const { MetricDataResults } = await watched.client.send(
    new GetMetricDataCommand({
      StartTime: watched.minute(2),
      EndTime: watched.minute(-1),
      MetricDataQueries: [
        { Id: "m1", MetricStat: metric("a") },
        { Id: "m2", MetricStat: metric("b"), ReturnData: false },
        { Id: "e1", Expression: "FILL(m1 / m2, 0)", Label: "ratio" },
      ],
    }),
  );
  assert.deepEqual(MetricDataResults, [
    {
      Id: "m1",
      Label: "a",
      Timestamps: [watched.minute()],
      Values: [4],
      StatusCode: "Complete",
    },
    {
      Id: "e1",
      Label: "ratio",
      Timestamps: [watched.minute(), watched.minute(1), watched.minute(2)],
      Values: [2, 0, 0],
      StatusCode: "Complete",
    },
  ]);
});

test("metrics are listed by name, whatever their units", async () => {
  covers("cloudwatch.ListMetrics");
  const Dimensions = [
    { Name: "colour", Value: "red" },
    { Name: "shape", Value: "round" },
  ];
  await put(
    { MetricName: "listed", Value: 1, Dimensions, Unit: "Count" },
    { MetricName: "listed", Value: 1, Dimensions, Unit: "Seconds" },
    { MetricName: "listed", Value: 1 },
  );
  const list = async (more: object) => {
    const input = { Namespace, MetricName: "listed", ...more };
    const { Metrics } = await watched.client.send(new ListMetricsCommand(input));
    return Metrics;
  };
  const plain = { Namespace, MetricName: "listed", Dimensions: [] };
  const coloured = { Namespace, MetricName: "listed", Dimensions };
  assert.deepEqual(await list({}), [coloured, plain]);
  assert.deepEqual(await list({ Dimensions: [{ Name: "shape" }] }), [coloured]);
  assert.deepEqual(await list({ Dimensions: [{ Name: "shape", Value: "flat" }] }), []);
  assert.deepEqual(await list({ RecentlyActive: "PT3H" }), [coloured, plain]);
});
