import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  ApplicationAutoScaling,
  NotScaledReasons,
  ScalableDimension,
  ScalingActivity,
  ScalingActivityStatusCode,
} from "#models/application-autoscaling.ts";
import type { Transaction } from "#store/store.ts";
import { activitiesFrom, activitiesPrefix, activityKey, type TargetName } from "./keyspace.ts";
import { pageOf } from "./paging.ts";
import { activityCodec } from "./records.ts";
import { checkNamespace } from "./resources.ts";

/** Source: API reference, DescribeScalingActivities ("from the previous six weeks"). */
const keptMs = 42 * 86_400_000;
const sweptAtOnce = 100;

export const activities = {
  /** The newest first; those that did not scale anything only if they are asked for. */
  DescribeScalingActivities(ctx, input) {
    checkNamespace(ctx, input.ServiceNamespace);
    const { ResourceId, ScalableDimension: dimension } = input;
    if (dimension !== undefined && ResourceId === undefined) {
      throw ctx.error(
        "ValidationException",
        "ResourceId must be specified when ScalableDimension is specified",
      );
    }
    return ctx.read((snapshot) => {
      const { items, next } = pageOf(snapshot, ctx, {
        prefix: activitiesPrefix(ctx),
        codec: activityCodec,
        input,
        isWanted: (activity) =>
          activity.StartTime > ctx.now() - keptMs &&
          (ResourceId === undefined || activity.ResourceId === ResourceId) &&
          (dimension === undefined || activity.ScalableDimension === dimension) &&
          (activity.NotScaledReasons === undefined || input.IncludeNotScaledActivities === true),
      });
      return { ScalingActivities: items, NextToken: next };
    });
  },
} satisfies Handlers<ApplicationAutoScaling>;

/** What is told of an activity. */
export interface Activity {
  readonly description: string;
  readonly cause: string;
  readonly status: ScalingActivityStatusCode;
  readonly message: string;
  readonly startMs: number;
  /** Undefined where nothing had to be waited for. */
  readonly endMs?: number;
  readonly notScaled?: NotScaledReasons;
}

/** Records an activity, and forgets some that are older than six weeks. `id`: drawn before the body. */
export function recordActivity(
  tx: Transaction,
  ctx: Context,
  target: TargetName,
  id: string,
  activity: Activity,
): void {
  const record: ScalingActivity = {
    ActivityId: id,
    ServiceNamespace: "dynamodb",
    ResourceId: target.resourceId,
    ScalableDimension: target.dimension as ScalableDimension,
    Description: activity.description,
    Cause: activity.cause,
    StartTime: activity.startMs,
    EndTime: activity.endMs,
    StatusCode: activity.status,
    StatusMessage: activity.message,
    NotScaledReasons: activity.notScaled,
  };
  const sameTime = activitiesFrom(ctx, activity.startMs);
  const others = [...tx.range({ start: sameTime, end: endOfPrefix(sameTime) })];
  tx.putRecord(activityKey(ctx, activity.startMs, others.length), activityCodec, record);
  const start = activitiesFrom(ctx, ctx.now() - keptMs);
  const old = { start, end: endOfPrefix(activitiesPrefix(ctx)), limit: sweptAtOnce };
  for (const { key } of tx.range(old)) tx.delete(key);
}
