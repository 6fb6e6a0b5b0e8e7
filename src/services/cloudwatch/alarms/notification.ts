import type { Context } from "#kernel/context.ts";
import type { StateValue } from "#models/cloudwatch.ts";
import type { AlarmRecord, StoredMetricAlarm } from "./alarm-record.ts";
import { Double, javaJson, timeText } from "./java-text.ts";

/*
 * What is told of an alarm whose state changed. Members and their form: recorded (test_breaching_alarm_actions,
 * test_alarm_lambda_target).
 */

/** A change of state, with what was before. */
export interface StateChange {
  readonly atMs: number;
  readonly old: StateValue;
  readonly oldReason: string;
  readonly oldReasonData: string | undefined;
  readonly oldAtMs: number;
}

/** What is handed to whatever acts. */
export interface Notification {
  readonly subject: string;
  /** For topics. */
  readonly message: string;
  /** For functions; EventBridge's events have the same detail. */
  readonly payload: string;
}

export function notificationOf(
  ctx: Context,
  record: AlarmRecord,
  change: StateChange,
): Notification {
  const { alarm } = record;
  const region = regionNames[ctx.region] ?? ctx.region;
  const message = {
    AlarmName: alarm.AlarmName,
    AlarmDescription: alarm.AlarmDescription ?? null,
    AWSAccountId: ctx.account,
    AlarmConfigurationUpdatedTimestamp: timeText(alarm.AlarmConfigurationUpdatedTimestamp),
    AlarmRule: record.kind === "composite" ? record.alarm.AlarmRule : undefined,
    NewStateValue: alarm.StateValue,
    NewStateReason: alarm.StateReason,
    StateChangeTime: timeText(change.atMs),
    Region: region,
    AlarmArn: alarm.AlarmArn,
    OldStateValue: change.old,
    OKActions: alarm.OKActions,
    AlarmActions: alarm.AlarmActions,
    InsufficientDataActions: alarm.InsufficientDataActions,
    Trigger: record.kind === "metric" ? triggerOf(record.alarm) : undefined,
  };
  return {
    subject: `${alarm.StateValue}: "${alarm.AlarmName}" in ${region}`.slice(0, 100),
    message: javaJson(message),
    payload: javaJson({
      source: "aws.cloudwatch",
      alarmArn: alarm.AlarmArn,
      accountId: ctx.account,
      time: timeText(change.atMs),
      region: ctx.region,
      alarmData: alarmData(record, change),
    }),
  };
}

function triggerOf(alarm: StoredMetricAlarm): object {
  const common = {
    Period: alarm.Period,
    EvaluationPeriods: alarm.EvaluationPeriods,
    DatapointsToAlarm: alarm.DatapointsToAlarm,
    ComparisonOperator: alarm.ComparisonOperator,
    Threshold: alarm.Threshold === undefined ? undefined : new Double(alarm.Threshold),
    TreatMissingData: alarm.TreatMissingData ?? "",
    EvaluateLowSampleCountPercentile: alarm.EvaluateLowSampleCountPercentile ?? "",
  };
  if (alarm.Metrics !== undefined) return { ...common, Metrics: alarm.Metrics };
  return {
    MetricName: alarm.MetricName,
    Namespace: alarm.Namespace,
    StatisticType: alarm.Statistic === undefined ? "ExtendedStatistic" : "Statistic",
    Statistic: alarm.Statistic === undefined ? undefined : statisticTexts[alarm.Statistic],
    ExtendedStatistic: alarm.ExtendedStatistic,
    Unit: alarm.Unit ?? null,
    Dimensions: (alarm.Dimensions ?? []).map(({ Name, Value }) => ({ value: Value, name: Name })),
    ...common,
  };
}

const statisticTexts = {
  SampleCount: "SAMPLE_COUNT",
  Average: "AVERAGE",
  Sum: "SUM",
  Minimum: "MINIMUM",
  Maximum: "MAXIMUM",
};

/** The detail of an event. */
export function alarmData(record: AlarmRecord, change: StateChange): object {
  const { alarm } = record;
  return {
    alarmName: alarm.AlarmName,
    state: {
      value: alarm.StateValue,
      reason: alarm.StateReason,
      reasonData: alarm.StateReasonData,
      timestamp: timeText(change.atMs),
    },
    previousState: {
      value: change.old,
      reason: change.oldReason,
      reasonData: change.oldReasonData,
      timestamp: timeText(change.oldAtMs),
    },
    configuration: {
      description: alarm.AlarmDescription,
      ...(record.kind === "metric"
        ? { metrics: metricsOf(record.alarm, record.metricId) }
        : {
            alarmRule: record.alarm.AlarmRule,
            actionsSuppressor: record.alarm.ActionsSuppressor,
            actionsSuppressorWaitPeriod: record.alarm.ActionsSuppressorWaitPeriod,
            actionsSuppressorExtensionPeriod: record.alarm.ActionsSuppressorExtensionPeriod,
          }),
    },
  };
}

function metricsOf(alarm: StoredMetricAlarm, id: string): object[] {
  if (alarm.Metrics === undefined) {
    return [
      {
        id,
        metricStat: {
          metric: {
            namespace: alarm.Namespace,
            name: alarm.MetricName,
            dimensions: Object.fromEntries(
              (alarm.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]),
            ),
          },
          period: alarm.Period,
          stat: alarm.Statistic ?? alarm.ExtendedStatistic,
          unit: alarm.Unit,
        },
        returnData: true,
      },
    ];
  }
  return alarm.Metrics.map(({ Id, MetricStat: stat, Expression, Label, ReturnData }) => ({
    id: Id,
    metricStat: stat && {
      metric: {
        namespace: stat.Metric.Namespace,
        name: stat.Metric.MetricName,
        dimensions: Object.fromEntries(
          (stat.Metric.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]),
        ),
      },
      period: stat.Period,
      stat: stat.Stat,
      unit: stat.Unit,
    },
    expression: Expression,
    label: Label,
    returnData: ReturnData ?? true,
  }));
}

/** Source: AWS General Reference, "Service endpoints". */
const regionNames: Readonly<Record<string, string>> = {
  "us-east-1": "US East (N. Virginia)",
  "us-east-2": "US East (Ohio)",
  "us-west-1": "US West (N. California)",
  "us-west-2": "US West (Oregon)",
  "af-south-1": "Africa (Cape Town)",
  "ap-east-1": "Asia Pacific (Hong Kong)",
  "ap-south-1": "Asia Pacific (Mumbai)",
  "ap-northeast-1": "Asia Pacific (Tokyo)",
  "ap-northeast-2": "Asia Pacific (Seoul)",
  "ap-northeast-3": "Asia Pacific (Osaka)",
  "ap-southeast-1": "Asia Pacific (Singapore)",
  "ap-southeast-2": "Asia Pacific (Sydney)",
  "ca-central-1": "Canada (Central)",
  "eu-central-1": "EU (Frankfurt)",
  "eu-west-1": "EU (Ireland)",
  "eu-west-2": "EU (London)",
  "eu-west-3": "EU (Paris)",
  "eu-south-1": "EU (Milan)",
  "eu-north-1": "EU (Stockholm)",
  "me-south-1": "Middle East (Bahrain)",
  "sa-east-1": "South America (Sao Paulo)",
};
