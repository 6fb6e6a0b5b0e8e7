import type { Datapoint } from "#kernel/datapoint.ts";
import type { MetricStatistic } from "#models/application-autoscaling.ts";

/*
 * What target tracking makes of the last minutes. AWS's alarms do it: one that is high when two minutes in a row were
 * above the target, and one that is low when fifteen minutes in a row were at least 20 percent points below it. A
 * minute without data breaks either row: AWS scales no table in that nobody uses.
 * Sources: https://repost.aws/knowledge-center/dynamodb-auto-scaling; Developer Guide, "Managing throughput capacity
 * automatically with DynamoDB auto scaling" (consumed capacity that becomes zero).
 */

const minuteMs = 60_000;
export const highMinutes = 2;
/** As many minutes as any decision looks back. */
export const lowMinutes = 15;
export const lowMargin = 20;

/** Of other metrics AWS says less; these are the alarms that it was seen to make for them. */
export const customHighMinutes = 3;
export const customLowRatio = 0.9;

export interface Tracking {
  /** Percent of the provisioned units; or, of a custom metric, its value. */
  readonly target: number;
  /** Undefined: the utilization of the capacity. */
  readonly statistic: MetricStatistic | undefined;
}

/** The capacity that would meet the target. */
export type Wish =
  | { readonly kind: "out" | "in"; readonly units: number }
  | { readonly kind: "none" };

const none: Wish = { kind: "none" };

/** `points`: of minutes, in order, as far as there are any; `nowMs`: the minute that runs does not count. */
export function wishOf(
  points: readonly Datapoint[],
  { target, statistic }: Tracking,
  units: number,
  nowMs: number,
): Wish {
  const endMs = nowMs - (nowMs % minuteMs);
  const values = new Map(
    points
      .filter((point) => point.periodMs === minuteMs)
      .map((point) => [point.startMs, valueOf(point, statistic)]),
  );
  const last = (count: number): number[] | undefined => {
    const found: number[] = [];
    for (let at = endMs - count * minuteMs; at < endMs; at += minuteMs) {
      const value = values.get(at);
      if (value === undefined) return undefined;
      found.push(value);
    }
    return found;
  };
  if (statistic === undefined) {
    const wanted = (used: readonly number[]): number =>
      Math.max(1, Math.ceil((Math.max(...used) / target) * 100));
    const high = last(highMinutes);
    if (high?.every((used) => used > (units * target) / 100)) {
      return { kind: "out", units: wanted(high) };
    }
    const low = last(lowMinutes);
    if (low?.every((used) => used < (units * (target - lowMargin)) / 100)) {
      return { kind: "in", units: wanted(low) };
    }
    return none;
  }
  const wanted = (seen: readonly number[]): number =>
    Math.max(1, Math.ceil((units * Math.max(...seen)) / target));
  const high = last(customHighMinutes);
  if (high?.every((value) => value > target)) return { kind: "out", units: wanted(high) };
  const low = last(lowMinutes);
  if (low?.every((value) => value < target * customLowRatio)) {
    return { kind: "in", units: wanted(low) };
  }
  return none;
}

/** Of a utilization: units consumed a second. */
function valueOf(point: Datapoint, statistic: MetricStatistic | undefined): number {
  switch (statistic) {
    case undefined:
      return point.sum / (minuteMs / 1000);
    case "Average":
      return point.sum / point.count;
    case "Sum":
      return point.sum;
    case "SampleCount":
      return point.count;
    case "Minimum":
      return point.minimum;
    case "Maximum":
      return point.maximum;
  }
}
