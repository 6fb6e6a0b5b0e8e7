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
    { MetricName: "orders", StatisticValues: { SampleCount: 10, Sum: 55, Minimum: 0.5, Maximum: 20 } },
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
    Maximum: 10, SampleCount: 6, Sum: 42, Timestamp: watched.minute(10), Unit: "Count" });
});

test("GetMetricData", async () => {
  covers("cloudwatch.GetMetricData", "cloudwatch.ListMetrics");
  await put({ MetricName: "a", Value: 4 }, { MetricName: "b", Value: 2 });
  const answer = await watched.client.send(new GetMetricDataCommand({
    StartTime: watched.minute(5), EndTime: watched.minute(-1),
    MetricDataQueries: [
      { Id: "m1", MetricStat: { Metric: { Namespace, MetricName: "a" }, Period: 60, Stat: "Sum" } },
      { Id: "m2", MetricStat: { Metric: { Namespace, MetricName: "b" }, Period: 60, Stat: "Sum" }, ReturnData: false },
      { Id: "e1", Expression: "FILL(m1 / m2, 0)" , Label: "ratio"},
    ]}));
  console.log(JSON.stringify(answer));
  console.log(JSON.stringify(await watched.client.send(new ListMetricsCommand({}))));
});
