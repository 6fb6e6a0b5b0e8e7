import assert from "node:assert/strict";
import test from "node:test";
import {
  type CompositeAlarm,
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
  type StateValue,
} from "@aws-sdk/client-cloudwatch";
import { covers } from "../../support/covers.ts";
import { Watched } from "../../support/cloudwatch.ts";

const topic = "arn:aws:sns:us-east-1:000000000000:told";

async function start(...names: string[]): Promise<Watched> {
  const watched = await Watched.start();
  for (const AlarmName of names) {
    await watched.client.send(
      new PutMetricAlarmCommand({
        AlarmName,
        Namespace: "Shop",
        MetricName: AlarmName,
        Statistic: "Sum",
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: "GreaterThanThreshold",
        TreatMissingData: "ignore",
      }),
    );
  }
  return watched;
}

async function set(watched: Watched, AlarmName: string, StateValue: StateValue): Promise<void> {
  await watched.client.send(
    new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: "testing" }),
  );
  await watched.time({ move: "+0s" });
}

async function composite(watched: Watched): Promise<CompositeAlarm> {
  const { CompositeAlarms } = await watched.client.send(
    new DescribeAlarmsCommand({ AlarmNames: ["both"], AlarmTypes: ["CompositeAlarm"] }),
  );
  return CompositeAlarms![0]!;
}

async function actions(watched: Watched): Promise<number> {
  const { AlarmHistoryItems } = await watched.client.send(
    new DescribeAlarmHistoryCommand({ AlarmName: "both", HistoryItemType: "Action" }),
  );
  return AlarmHistoryItems!.length;
}

// recorded: test_trigger_composite_alarm
test("a composite alarm follows the alarms that its rule names", async () => {
  covers("cloudwatch.PutCompositeAlarm", "cloudwatch.DescribeAlarms");
  const watched = await start("one", "other");
  const arn = (name: string): string =>
    `arn:aws:cloudwatch:us-east-1:${watched.account}:alarm:${name}`;
  const AlarmRule = `ALARM("${arn("one")}") OR ALARM("${arn("other")}")`;
  await watched.client.send(
    new PutCompositeAlarmCommand({
      AlarmName: "both",
      AlarmDescription: "composite alarm description",
      AlarmRule,
      AlarmActions: [topic],
    }),
  );
  await set(watched, "one", "ALARM");
  const alarm = await composite(watched);
  assert.equal(alarm.StateValue, "ALARM");
  assert.equal(alarm.AlarmRule, AlarmRule);
  assert.match(
    alarm.StateReason!,
    /:alarm:one transitioned to ALARM at \w+ \d\d \w+, \d{4} [\d:]{8} UTC$/,
  );
  const data = JSON.parse(alarm.StateReasonData!) as {
    triggeringAlarms: { arn: string; state: { value: string } }[];
  };
  assert.equal(data.triggeringAlarms[0]?.arn, arn("one"));
  assert.equal(data.triggeringAlarms[0]?.state.value, "ALARM");
  await set(watched, "other", "ALARM");
  assert.equal((await composite(watched)).StateReason, alarm.StateReason);
  await set(watched, "one", "OK");
  assert.equal((await composite(watched)).StateValue, "ALARM");
  await set(watched, "other", "OK");
  assert.equal((await composite(watched)).StateValue, "OK");

  const children = await watched.client.send(
    new DescribeAlarmsCommand({ ChildrenOfAlarmName: "both" }),
  );
  assert.deepEqual(
    children.MetricAlarms!.map(({ AlarmName }) => AlarmName),
    ["one", "other"],
  );
  const parents = await watched.client.send(
    new DescribeAlarmsCommand({ ParentsOfAlarmName: "one" }),
  );
  assert.deepEqual(parents.CompositeAlarms, [{ AlarmName: "both", AlarmArn: arn("both") }]);
  await assert.rejects(watched.client.send(new DeleteAlarmsCommand({ AlarmNames: ["one"] })), {
    message: /^Cannot delete one as there are composite alarm\(s\) depending on it/,
  });
});

test("rules that mean nothing are refused", async () => {
  covers("cloudwatch.PutCompositeAlarm");
  const watched = await start("one");
  const put = (AlarmRule: string) =>
    watched.client.send(new PutCompositeAlarmCommand({ AlarmName: "both", AlarmRule }));
  await assert.rejects(put("ALARM(one"), { message: /^AlarmRule is not valid/ });
  await assert.rejects(put("ALARM(both)"), { message: /^AlarmRule is not valid/ });
  await assert.rejects(put("ALARM(nobody)"), {
    message: /\[nobody\] in the alarm rule do not exist$/,
  });
  await put('NOT (OK(one) AND TRUE) OR AT_LEAST(1, ALARM, (one, "one"))');
});

test("a suppressor holds actions back until it has been quiet for long enough", async () => {
  covers("cloudwatch.PutCompositeAlarm");
  const watched = await start("one", "maintenance");
  await watched.client.send(
    new PutCompositeAlarmCommand({
      AlarmName: "both",
      AlarmRule: "ALARM(one)",
      AlarmActions: [topic],
      ActionsSuppressor: "maintenance",
      ActionsSuppressorWaitPeriod: 20,
      ActionsSuppressorExtensionPeriod: 30,
    }),
  );
  await watched.time({ move: "+0s" });
  await set(watched, "one", "ALARM");
  assert.equal((await composite(watched)).ActionsSuppressedBy, "WaitPeriod");
  await watched.time({ move: "+10s" });
  await set(watched, "maintenance", "ALARM");
  assert.equal((await composite(watched)).ActionsSuppressedBy, "Alarm");
  await watched.time({ move: "+60s" });
  assert.equal(await actions(watched), 0);
  await set(watched, "maintenance", "OK");
  assert.equal((await composite(watched)).ActionsSuppressedBy, "ExtensionPeriod");
  await watched.time({ move: "+29s" });
  assert.equal(await actions(watched), 0);
  await watched.time({ move: "+1s" });
  assert.equal(await actions(watched), 1);
  assert.equal((await composite(watched)).ActionsSuppressedBy, undefined);
});
