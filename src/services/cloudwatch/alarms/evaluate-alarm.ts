import type { Context, JobContext } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Transaction } from "#store/store.ts";
import { runQueries } from "../math/run-queries.ts";
import { dimensionsOf } from "../metrics/metric-id.ts";
import { readPeriods } from "../metrics/read-periods.ts";
import { statisticNamed } from "../metrics/statistics.ts";
import { byPreference } from "../metrics/units.ts";
import { findAlarm, putAlarm, type StoredMetricAlarm } from "./alarm-record.ts";
import { changeState } from "./change-state.ts";
import { Double, javaJson, timeText } from "./java-text.ts";
import {
  type MissingData,
  type Period,
  periodsLookedAt,
  type Verdict,
  verdictOn,
} from "./verdict.ts";

const minuteMs = 60_000;
const shortTickMs = 10_000;

/** Alarms of whole minutes are evaluated once a minute, others every ten seconds or as often as their expression's period. */
function tickMs(alarm: StoredMetricAlarm): number {
  const periodMs = periodMsOf(alarm);
  if (periodMs >= minuteMs) return minuteMs;
  return alarm.Metrics === undefined ? shortTickMs : periodMs;
}

function periodMsOf({ Period, Metrics }: StoredMetricAlarm): number {
  if (Period !== undefined) return Period * 1000;
  const seconds = (Metrics ?? []).map(
    ({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? 60,
  );
  return Math.max(...seconds) * 1000;
}

/** Has the alarm evaluated when the running minute, or ten seconds of it, is over. */
export function scheduleEvaluation(tx: Transaction, ctx: Context, alarm: StoredMetricAlarm): void {
  const tick = tickMs(alarm);
  const name = alarm.AlarmName;
  const at = Math.floor(ctx.now() / tick) * tick + tick;
  ctx.schedule(tx, { at, job: "evaluateAlarm", key: name, payload: { name } });
}

export function unscheduleEvaluation(tx: Transaction, ctx: Context, name: string): void {
  ctx.unschedule(tx, "evaluateAlarm", name);
}

/**
 * The job: looks at the periods before the tick that is over, and gives the alarm the state that they make. One whose
 * expression comes to nothing that can be compared stays as it is, and says that.
 */
export async function evaluateAlarm(ctx: JobContext, { name }: { name: string }): Promise<void> {
  const record = await ctx.read((snapshot) => findAlarm(snapshot, ctx, name));
  if (record?.kind !== "metric") return;
  const { alarm } = record;
  const tick = tickMs(alarm);
  const endMs = Math.floor(ctx.now() / tick) * tick;
  const range = await evaluationRange(ctx, alarm, endMs).catch((error: unknown) => {
    if (error instanceof ServiceError) return undefined;
    throw error;
  });
  const verdict = verdictOn(range?.periods ?? [], {
    operator: alarm.ComparisonOperator!,
    threshold: alarm.Threshold!,
    evaluationPeriods: alarm.EvaluationPeriods!,
    datapointsToAlarm: alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods!,
    missingData: missingDataOf(alarm),
  });
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const now = findAlarm(tx, ctx, name);
    if (now?.kind !== "metric") return;
    scheduleEvaluation(tx, ctx, now.alarm);
    const EvaluationState = range === undefined ? "EVALUATION_ERROR" : undefined;
    if (now.alarm.EvaluationState !== EvaluationState) {
      putAlarm(tx, ctx, { ...now, alarm: { ...now.alarm, EvaluationState } });
    }
    const isSame =
      now.alarm.AlarmConfigurationUpdatedTimestamp === alarm.AlarmConfigurationUpdatedTimestamp;
    if (
      !isSame ||
      range === undefined ||
      verdict === undefined ||
      verdict.state === now.alarm.StateValue
    )
      return;
    changeState(tx, ctx, findAlarm(tx, ctx, name)!, {
      value: verdict.state,
      reason: verdict.reason,
      reasonData: reasonData(now.alarm, verdict, range.unit, ctx.now()),
    });
  });
}

/**
 * "Alarms that evaluate metrics in the AWS/DynamoDB namespace always ignore missing data even if you choose a different
 * option for TreatMissingData." Source: API reference, PutMetricAlarm.
 */
function missingDataOf(alarm: StoredMetricAlarm): MissingData {
  if (alarm.Namespace === "AWS/DynamoDB") return "ignore";
  return (alarm.TreatMissingData as MissingData | undefined) ?? "missing";
}

interface EvaluationRange {
  /** The oldest first. */
  readonly periods: readonly Period[];
  readonly unit: string | undefined;
}

async function evaluationRange(
  ctx: Context,
  alarm: StoredMetricAlarm,
  endMs: number,
): Promise<EvaluationRange> {
  const periodMs = periodMsOf(alarm);
  const count = periodsLookedAt(alarm.EvaluationPeriods!);
  const startMs = Math.max(0, endMs - count * periodMs);
  const { values, counts, unit } =
    alarm.Metrics === undefined
      ? await metricValues(ctx, alarm, { startMs, endMs, periodMs })
      : await mathValues(ctx, alarm, { startMs, endMs });
  const periods = Array.from({ length: count }, (_, index): Period => {
    const atMs = startMs + index * periodMs;
    return { startMs: atMs, value: values.get(atMs), count: counts?.get(atMs) };
  });
  return { periods, unit };
}

interface Values {
  readonly values: ReadonlyMap<number, number>;
  readonly counts?: ReadonlyMap<number, number>;
  readonly unit: string | undefined;
}

async function metricValues(
  ctx: Context,
  alarm: StoredMetricAlarm,
  periods: { readonly startMs: number; readonly endMs: number; readonly periodMs: number },
): Promise<Values> {
  const id = {
    namespace: alarm.Namespace!,
    metric: alarm.MetricName!,
    dimensions: dimensionsOf(alarm.Dimensions),
  };
  const statistic = statisticNamed(alarm.Statistic ?? alarm.ExtendedStatistic!)!;
  const found = byPreference(await readPeriods(ctx, id, periods));
  const picked = found.find(({ unit }) => alarm.Unit === undefined || unit === alarm.Unit);
  const values = new Map<number, number>();
  const counts = new Map<number, number>();
  for (const point of picked?.points ?? []) {
    const value = statistic(point);
    if (value === undefined || isTooFew(alarm, point.count)) continue;
    values.set(point.startMs, value);
    counts.set(point.startMs, point.count);
  }
  return { values, counts, unit: picked?.unit };
}

/**
 * Percentiles of too few values are left out if the alarm says so. Source: Amazon CloudWatch User Guide, "Percentile-based
 * alarms and low data samples": at least 10/(1 - percentile) values above the middle, 10/percentile below it.
 */
function isTooFew(alarm: StoredMetricAlarm, count: number): boolean {
  if (alarm.EvaluateLowSampleCountPercentile !== "ignore") return false;
  const percentile =
    Number(/^p([\d.]+)$/.exec(alarm.ExtendedStatistic ?? "")?.[1] ?? Number.NaN) / 100;
  if (Number.isNaN(percentile)) return false;
  return count < (percentile >= 0.5 ? 10 / (1 - percentile) : 10 / percentile);
}

async function mathValues(
  ctx: Context,
  alarm: StoredMetricAlarm,
  asked: { readonly startMs: number; readonly endMs: number },
): Promise<Values> {
  const results = await runQueries(ctx, alarm.Metrics ?? [], asked);
  const returned = results.find(({ query }) => query.ReturnData !== false);
  const value = returned?.value;
  const series =
    value?.kind === "series" ? value.series : value?.kind === "array" ? value.items[0] : undefined;
  return { values: series?.points ?? new Map(), unit: returned?.unit };
}

/** Members and their order: recorded (test_breaching_alarm_actions), and the AWS CLI's examples. */
function reasonData(
  alarm: StoredMetricAlarm,
  { evaluated }: Verdict,
  unit: string | undefined,
  nowMs: number,
): string {
  const known = evaluated.filter(({ value }) => value !== undefined);
  const oldestMs = known.at(-1)?.startMs;
  return javaJson({
    version: "1.0",
    queryDate: timeText(nowMs),
    startDate: oldestMs === undefined ? undefined : timeText(oldestMs),
    unit: alarm.Unit ?? (unit === "None" ? undefined : unit),
    statistic: alarm.Statistic ?? alarm.ExtendedStatistic,
    period: periodMsOf(alarm) / 1000,
    recentDatapoints: known.toReversed().map(({ value }) => new Double(value!)),
    threshold: new Double(alarm.Threshold!),
    evaluatedDatapoints: evaluated.map(({ startMs, count, value }) => ({
      timestamp: timeText(startMs),
      sampleCount: count === undefined ? undefined : new Double(count),
      value: value === undefined ? undefined : new Double(value),
    })),
  });
}
