import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatch, MetricAlarm, PutMetricAlarmInput } from "#models/cloudwatch.ts";
import type { Transaction } from "#store/store.ts";
import { alarmKey } from "../keyspace.ts";
import { checkQueries } from "../math/run-queries.ts";
import { statisticNamed } from "../metrics/statistics.ts";
import { putTags } from "../tags.ts";
import { checkActions } from "./actions.ts";
import { addHistory } from "./alarm-history.ts";
import {
  alarmCodec,
  type AlarmRecord,
  alarmState,
  findAlarm,
  type StoredMetricAlarm,
} from "./alarm-record.ts";
import { scheduleEvaluation } from "./evaluate-alarm.ts";

const daySeconds = 86_400;
const treatments = new Set(["missing", "ignore", "breaching", "notBreaching"]);

export const metricAlarms = {
  /** A new alarm knows nothing until it is evaluated; one that is changed keeps its state until then. */
  PutMetricAlarm(ctx, input) {
    checkAlarm(ctx, input);
    const metricId = ctx.random.uuid();
    return ctx.transact((tx) => {
      const before = findAlarm(tx, ctx, input.AlarmName);
      if (before?.kind === "composite") {
        throw ctx.error(
          "ValidationException",
          `A composite alarm with the name ${input.AlarmName} already exists`,
        );
      }
      const alarm = alarmOf(ctx, input, before?.alarm);
      const after: AlarmRecord = { kind: "metric", alarm, metricId: before?.metricId ?? metricId };
      tx.putRecord(alarmKey(ctx, input.AlarmName), alarmCodec, after);
      if (before === undefined) putTags(tx, ctx, alarm.AlarmArn, input.Tags);
      addConfigurationChange(tx, ctx, after, before === undefined ? "Create" : "Update");
      scheduleEvaluation(tx, ctx, alarm);
      return {};
    });
  },
} satisfies Handlers<CloudWatch>;

export function addConfigurationChange(
  tx: Transaction,
  ctx: Context,
  record: AlarmRecord,
  type: "Create" | "Update" | "Delete",
): void {
  const done = `${type.toLowerCase()}d`;
  addHistory(tx, ctx, record, {
    type: "ConfigurationUpdate",
    summary: `Alarm "${record.alarm.AlarmName}" ${done}`,
    data: { version: "1.0", type, [`${done}Alarm`]: record.alarm },
  });
}

/** What the request says, with what stays of the alarm that there was. */
function alarmOf(
  ctx: Context,
  input: PutMetricAlarmInput,
  before: StoredMetricAlarm | undefined,
): StoredMetricAlarm {
  const { Tags: _, ...asked } = input;
  const configuration: MetricAlarm = asked;
  return {
    ...configuration,
    ...(input.MetricName === undefined ? {} : { Dimensions: input.Dimensions ?? [] }),
    ...alarmState(ctx, input, before),
  };
}

/** Source: API reference, PutMetricAlarm; messages ours where none was seen. */
function checkAlarm(ctx: Context, input: PutMetricAlarmInput): void {
  const wrong = (message: string): Error => ctx.error("ValidationException", message);
  checkBuilt(ctx, input);
  checkActions(ctx, input);
  const { EvaluationPeriods: periods, ComparisonOperator: operator, Threshold: threshold } = input;
  if (periods === undefined) throw wrong("The parameter EvaluationPeriods is required.");
  if (operator === undefined) throw wrong("The parameter ComparisonOperator is required.");
  if (threshold === undefined) throw wrong("The parameter Threshold is required.");
  if (!Number.isFinite(threshold)) {
    throw wrong(`The value ${threshold} for parameter Threshold is invalid.`);
  }
  const treatment = input.TreatMissingData;
  if (treatment !== undefined && !treatments.has(treatment)) {
    throw wrong(`Option for parameter TreatMissingData not supported: ${treatment}`);
  }
  if ((input.DatapointsToAlarm ?? 1) > periods) {
    throw wrong("DatapointsToAlarm must be less than or equal to EvaluationPeriods");
  }
  const period = input.Metrics === undefined ? checkMetric(ctx, input) : checkMath(ctx, input);
  const days = period >= 3_600 ? 7 : 1;
  if (period * periods > days * daySeconds) {
    throw wrong(
      `Metrics cannot be checked across more than ${days === 1 ? "a day" : "seven days"} (EvaluationPeriods * Period must be <= ${days * daySeconds}).`,
    );
  }
}

/** What would be stored and not obeyed is refused. */
function checkBuilt(ctx: Context, input: PutMetricAlarmInput): void {
  const missing = (
    [
      "EvaluationCriteria",
      "EvaluationInterval",
      "WarmUpConfiguration",
      "ActionConfiguration",
      "ThresholdMetricId",
    ] as const
  ).find((name) => input[name] !== undefined);
  if (missing !== undefined) {
    throw ctx.error("NotImplemented", `${missing} of alarms is not implemented yet`);
  }
  if (input.EvaluationWindow?.WallClockWindow !== undefined) {
    throw ctx.error("NotImplemented", "WallClockWindow of alarms is not implemented yet");
  }
  if (/Upper|Lower/.test(input.ComparisonOperator ?? "")) {
    throw ctx.error("NotImplemented", "Anomaly detection is not implemented yet");
  }
}

/** The alarm's period in seconds. */
function checkMetric(ctx: Context, input: PutMetricAlarmInput): number {
  const wrong = (message: string): Error => ctx.error("ValidationException", message);
  const { Statistic: statistic, ExtendedStatistic: extended, Period: period } = input;
  if (input.MetricName === undefined) throw wrong("The parameter MetricName is required.");
  if (input.Namespace === undefined) throw wrong("The parameter Namespace is required.");
  if ((statistic === undefined) === (extended === undefined)) {
    throw wrong("Exactly one of the parameters Statistic and ExtendedStatistic must be specified.");
  }
  if (extended !== undefined && statisticNamed(extended) === undefined) {
    throw wrong(`The value ${extended} for parameter ExtendedStatistic is not supported.`);
  }
  if (period === undefined) throw wrong("The parameter Period is required.");
  if (![10, 20, 30].includes(period) && period % 60 !== 0) {
    throw wrong("Period must be 10, 20, 30 or a multiple of 60");
  }
  const low = input.EvaluateLowSampleCountPercentile;
  if (low !== undefined && low !== "evaluate" && low !== "ignore") {
    throw wrong(`Option ${low} is not supported for parameter EvaluateLowSampleCountPercentile`);
  }
  return period;
}

function checkMath(ctx: Context, input: PutMetricAlarmInput): number {
  const wrong = (message: string): Error => ctx.error("ValidationException", message);
  for (const name of [
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
    "Dimensions",
  ] as const) {
    if (input[name] === undefined) continue;
    throw wrong(
      `The parameters Metrics and ${name} are mutually exclusive and you have specified both.`,
    );
  }
  const queries = input.Metrics ?? [];
  checkQueries(ctx, queries, "Metrics");
  if (queries.filter(({ ReturnData }) => ReturnData !== false).length !== 1) {
    throw wrong("Exactly one element of the metrics list should return data.");
  }
  if (queries.some(({ Expression }) => /\bSEARCH\s*\(/.test(Expression ?? ""))) {
    throw wrong("SEARCH is not supported in alarms");
  }
  return Math.max(...queries.map(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? 60));
}
