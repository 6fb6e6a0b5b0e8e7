import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  GetMetricDataCommand,
  PutCompositeAlarmCommand,
  PutDashboardCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { covers } from "../../support/covers.ts";
import { cloudWatchOf } from "../../support/cloudwatch.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { until } from "../../support/until.ts";

const folder = await mkdtemp(join(tmpdir(), "tule-cloudwatch-"));
after(() => rm(folder, { recursive: true, force: true }));
const account = "123456789012";

async function start() {
  const server = new ServerProcess(folder, ["--log", "error"]);
  after(() => server.kill());
  const endpoint = await server.ready;
  return { server, endpoint, client: cloudWatchOf({ endpoint }, account) };
}

test("whatever was acknowledged is there after a kill: data, alarms, dashboards, and what alarms go on to do", async () => {
  covers(
    "cloudwatch.PutMetricData",
    "cloudwatch.PutMetricAlarm",
    "cloudwatch.PutCompositeAlarm",
    "cloudwatch.PutDashboard",
  );
  const first = await start();
  const metric = { Namespace: "shop", MetricName: "orders" };
  const nowhere = "arn:aws:swf:us-east-1:123456789012:stop";
  await first.client.send(
    new PutMetricAlarmCommand({
      ...metric,
      AlarmName: "busy",
      Statistic: "Sum",
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 49,
      ComparisonOperator: "GreaterThanThreshold",
      AlarmActions: [nowhere],
    }),
  );
  await first.client.send(
    new PutCompositeAlarmCommand({ AlarmName: "any", AlarmRule: "ALARM(busy)" }),
  );
  const DashboardName = "main";
  const DashboardBody = '{"widgets":[]}';
  await first.client.send(new PutDashboardCommand({ DashboardName, DashboardBody }));
  // The kill comes while many are put: each of those that were answered must be there.
  const at = new Date();
  const MetricData = [{ MetricName: metric.MetricName, Value: 1, Timestamp: at }];
  let answered = 0;
  const put = async (): Promise<void> => {
    while (first.server.isRunning) {
      await first.client.send(
        new PutMetricDataCommand({ Namespace: metric.Namespace, MetricData }),
      );
      answered += 1;
    }
  };
  const puts = Promise.allSettled(Array.from({ length: 32 }, put));
  await until(
    () => new Promise<number>((resolve) => setImmediate(() => resolve(answered))),
    (count) => count >= 300,
  );
  await first.server.kill();
  await puts;

  const second = await start();
  const { MetricDataResults } = await second.client.send(
    new GetMetricDataCommand({
      StartTime: new Date(at.getTime() - 60_000),
      EndTime: new Date(at.getTime() + 60_000),
      MetricDataQueries: [{ Id: "m1", MetricStat: { Metric: metric, Period: 60, Stat: "Sum" } }],
    }),
  );
  const stored = MetricDataResults![0]!.Values![0]!;
  assert(stored >= answered, `${answered} were answered, and ${stored} are there`);
  const dashboard = await second.client.send(new GetDashboardCommand({ DashboardName }));
  assert.equal(dashboard.DashboardBody, DashboardBody);
  // The evaluation is a job that outlived the process; the clock goes to where it is due.
  await fetch(`${second.endpoint}/_tule/time`, {
    method: "POST",
    body: JSON.stringify({ move: "+60s" }),
  });
  const states = async ({ client }: typeof second) => {
    const AlarmTypes = ["CompositeAlarm" as const, "MetricAlarm" as const];
    const answer = await client.send(new DescribeAlarmsCommand({ AlarmTypes }));
    const all = [...answer.MetricAlarms!, ...answer.CompositeAlarms!];
    return all.map(({ StateValue }) => StateValue).join(" ");
  };
  assert.equal(
    await until(
      () => states(second),
      (found) => found === "ALARM ALARM",
    ),
    "ALARM ALARM",
  );
  await second.server.kill();

  const third = await start();
  assert.equal(await states(third), "ALARM ALARM");
  const history = async () => {
    const { AlarmHistoryItems } = await third.client.send(
      new DescribeAlarmHistoryCommand({ AlarmName: "busy", ScanBy: "TimestampAscending" }),
    );
    return AlarmHistoryItems!.map(({ HistoryItemType }) => HistoryItemType!);
  };
  const wanted = ["ConfigurationUpdate", "StateUpdate", "Action"];
  const found = await until(history, (items) => items.length === wanted.length);
  assert.deepEqual(found, wanted);
});
