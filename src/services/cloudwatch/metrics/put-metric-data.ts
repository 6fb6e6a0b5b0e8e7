import type { Context } from "#kernel/context.ts";
import { bucketOf, type Datapoint, merged, minuteMs, newDatapoint } from "#kernel/datapoint.ts";
import type { PutPoints } from "#kernel/measurements.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatch, MetricDatum } from "#models/cloudwatch.ts";
import { dimensionsOf } from "./metric-id.ts";

/*
 * Limits and messages: API reference, PutMetricData and MetricDatum; what is marked so was recorded.
 */
const dataAtMost = 1_000;
const valuesAtMost = 150;
const largestValue = 2 ** 360;
const oldestMs = 14 * 86_400_000;
const furthestMs = 2 * 3_600_000;

type PutContext = Context<
  "InvalidParameterCombination" | "InvalidParameterValue" | "MissingParameter"
>;

export const metricData = {
  /** The data is on disk when this answers: it goes to where services' own numbers are kept, by the minute or second. */
  PutMetricData(ctx, input) {
    if (input.EntityMetricData !== undefined) {
      throw ctx.error("NotImplemented", "Entities of metric data are not implemented yet");
    }
    const { MetricData: data = [], Namespace: namespace } = input;
    if (data.length === 0)
      throw ctx.error("MissingParameter", "The parameter MetricData is required.");
    if (data.length > dataAtMost) {
      throw ctx.error(
        "InvalidParameterValue",
        `The collection MetricData must not have a size greater than ${dataAtMost}.`,
      );
    }
    if (namespace.startsWith("AWS/")) {
      throw ctx.error(
        "InvalidParameterValue",
        `The value ${namespace} for parameter Namespace is invalid.`,
      );
    }
    data.forEach((datum, index) => checkDatum(ctx, datum, `MetricData.member.${index + 1}`));
    const series = seriesOf(ctx, namespace, data);
    return ctx.transact((tx) => {
      ctx.putMeasured(tx, series);
      return {};
    });
  },
} satisfies Handlers<CloudWatch>;

function checkDatum(ctx: PutContext, datum: MetricDatum, path: string): void {
  const { Value: value, Values: values, Counts: counts, StatisticValues: set } = datum;
  const wrong = (message: string): Error => ctx.error("InvalidParameterValue", message);
  // Recorded. Values beside StatisticValues AWS lets pass.
  for (const [name, other] of [
    ["Values", values],
    ["StatisticValues", set],
  ] as const) {
    if (value === undefined || other === undefined) continue;
    throw ctx.error(
      "InvalidParameterCombination",
      `The parameters ${path}.Value and ${path}.${name} are mutually exclusive and you have specified both.`,
    );
  }
  if (value === undefined && values === undefined && set === undefined) {
    throw ctx.error(
      "InvalidParameterCombination",
      "At least one of the parameters must be specified.",
    );
  }
  if (counts !== undefined && counts.length !== (values?.length ?? 0)) {
    // Recorded.
    throw wrong(`The parameters ${path}.Values and ${path}.Counts must be of the same size.`);
  }
  if (values !== undefined && (values.length === 0 || values.length > valuesAtMost)) {
    throw wrong(`The parameter ${path}.Values must have from 1 to ${valuesAtMost} values.`);
  }
  const numbers: [string, number][] = [
    ...(value === undefined ? [] : [["Value", value] as [string, number]]),
    ...(values ?? []).map((one, at): [string, number] => [`Values.member.${at + 1}`, one]),
    ...(set === undefined
      ? []
      : Object.entries(set).map(([name, one]): [string, number] => [
          `StatisticValues.${name}`,
          one as number,
        ])),
  ];
  for (const [name, one] of numbers) {
    if (Number.isFinite(one) && Math.abs(one) <= largestValue) continue;
    throw wrong(`The value ${one} for parameter ${path}.${name} is invalid.`);
  }
  const badCount = (counts ?? []).find((count) => !(count > 0 && Number.isFinite(count)));
  if (badCount !== undefined)
    throw wrong(`The value ${badCount} for parameter ${path}.Counts is invalid.`);
  if (set !== undefined && !(set.SampleCount > 0)) {
    throw wrong(`The parameter ${path}.StatisticValues.SampleCount must be greater than 0.`);
  }
  if (set !== undefined && set.Minimum > set.Maximum) {
    throw wrong(
      `The parameter ${path}.StatisticValues.Minimum must be less than or equal to the parameter ${path}.StatisticValues.Maximum.`,
    );
  }
  const { StorageResolution: resolution, Timestamp: atMs } = datum;
  if (resolution !== undefined && resolution !== 1 && resolution !== 60) {
    throw wrong(`The value ${resolution} for parameter ${path}.StorageResolution is invalid.`);
  }
  if (atMs !== undefined && atMs < ctx.now() - oldestMs) {
    throw wrong(
      `The parameter ${path}.Timestamp must specify a time no more than two weeks in the past.`,
    );
  }
  if (atMs !== undefined && atMs > ctx.now() + furthestMs) {
    throw wrong(
      `The parameter ${path}.Timestamp must specify a time no more than two hours in the future.`,
    );
  }
  const names = (datum.Dimensions ?? []).map(({ Name }) => Name);
  if (new Set(names).size !== names.length) {
    throw wrong(`The parameter ${path}.Dimensions must not name a dimension twice.`);
  }
}

/** The points of each series, those of one period as one. */
function seriesOf(ctx: Context, namespace: string, data: readonly MetricDatum[]): PutPoints[] {
  const series = new Map<string, { name: PutPoints["name"]; points: Map<string, Datapoint> }>();
  for (const datum of data) {
    const dimensions = dimensionsOf(datum.Dimensions);
    const unit = datum.Unit === "None" ? undefined : datum.Unit;
    const { account, region } = ctx;
    const name = { account, region, namespace, metric: datum.MetricName, dimensions, unit };
    const named = Object.entries(dimensions).sort(([one], [other]) => (one < other ? -1 : 1));
    const key = JSON.stringify([datum.MetricName, named, unit]);
    const known = series.get(key) ?? { name, points: new Map<string, Datapoint>() };
    series.set(key, known);
    const point = pointOf(datum, datum.Timestamp ?? ctx.now());
    const at = `${point.startMs} ${point.periodMs}`;
    const before = known.points.get(at);
    known.points.set(
      at,
      before === undefined ? point : merged(point.startMs, point.periodMs, [before, point]),
    );
  }
  return Array.from(series.values(), ({ name, points }) => ({
    name,
    points: [...points.values()].toSorted((one, other) => one.startMs - other.startMs),
  }));
}

function pointOf(datum: MetricDatum, atMs: number): Datapoint {
  const periodMs = datum.StorageResolution === 1 ? 1000 : minuteMs;
  const point = newDatapoint(Math.floor(atMs / periodMs) * periodMs, periodMs);
  const set = datum.StatisticValues;
  if (set === undefined) {
    const values = datum.Values ?? [datum.Value!];
    values.forEach((value, at) => addValue(point, value, datum.Counts?.[at] ?? 1));
    return point;
  }
  if (set.SampleCount === 1 || set.Minimum === set.Maximum) {
    addValue(point, set.Minimum, set.SampleCount);
    point.sum = set.Sum;
    return point;
  }
  // How the values of a set are distributed nobody knows: it is in no bucket, and there are no percentiles.
  point.sum = set.Sum;
  point.count = set.SampleCount;
  point.minimum = set.Minimum;
  point.maximum = set.Maximum;
  return point;
}

function addValue(point: Datapoint, value: number, count: number): void {
  point.sum += value * count;
  point.count += count;
  point.minimum = Math.min(point.minimum, value);
  point.maximum = Math.max(point.maximum, value);
  const bucket = bucketOf(value);
  point.histogram.set(bucket, (point.histogram.get(bucket) ?? 0) + count);
}
