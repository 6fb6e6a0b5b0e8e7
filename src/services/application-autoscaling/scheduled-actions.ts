import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  ApplicationAutoScaling,
  PutScheduledActionRequest,
  ScalableDimension,
} from "#models/application-autoscaling.ts";
import type { Snapshot } from "#store/store.ts";
import { actionKey, actionsPrefix, type TargetName } from "./keyspace.ts";
import { isTimezone } from "./local-time.ts";
import { pageOf } from "./paging.ts";
import { actionCodec, type ScheduledActionRecord } from "./records.ts";
import { checkNamespace, resourceOf } from "./resources.ts";
import { scheduleAction, unscheduleAction } from "./run-scheduled-action.ts";
import { parseSchedule } from "./schedule.ts";
import { openTarget } from "./targets.ts";

/** Source: the service's quotas. */
const actionsPerTargetAtMost = 200;

export const scheduledActions = {
  /** Makes an action, or changes what is named of one. */
  PutScheduledAction(ctx, input) {
    const resource = resourceOf(ctx, input);
    const { ScheduledActionName: name } = input;
    const id = ctx.random.uuid();
    return ctx.transact((tx) => {
      const target = openTarget(tx, ctx, resource);
      const key = actionKey(ctx, target, name);
      const before = tx.record(key, actionCodec);
      if (before === undefined && countActions(tx, ctx, target) >= actionsPerTargetAtMost) {
        throw ctx.error(
          "LimitExceededException",
          `There can be at most ${actionsPerTargetAtMost} scheduled actions for a scalable target`,
        );
      }
      const after = changedAction(ctx, before ?? newAction(ctx, target, name, id), input);
      tx.putRecord(key, actionCodec, after);
      scheduleAction(tx, ctx, after);
      return {};
    });
  },

  DeleteScheduledAction(ctx, input) {
    const resource = resourceOf(ctx, input);
    const { ScheduledActionName: name } = input;
    return ctx.transact((tx) => {
      const key = actionKey(ctx, resource, name);
      const action = tx.record(key, actionCodec);
      if (action === undefined) {
        throw ctx.error(
          "ObjectNotFoundException",
          `No scheduled action found for service namespace: dynamodb, resource ID: ${resource.resourceId}, scalable dimension: ${resource.dimension}, scheduled action name: ${name}`,
        );
      }
      tx.delete(key);
      unscheduleAction(tx, ctx, action);
      return {};
    });
  },

  DescribeScheduledActions(ctx, input) {
    checkNamespace(ctx, input.ServiceNamespace);
    const { ScheduledActionNames: names, ResourceId, ScalableDimension: dimension } = input;
    return ctx.read((snapshot) => {
      const { items, next } = pageOf(snapshot, ctx, {
        prefix: actionsPrefix(ctx),
        codec: actionCodec,
        input,
        isWanted: (action) =>
          (names === undefined || names.includes(action.name)) &&
          (ResourceId === undefined || action.resourceId === ResourceId) &&
          (dimension === undefined || action.dimension === dimension),
      });
      return {
        ScheduledActions: items.map((action) => ({
          ScheduledActionName: action.name,
          ScheduledActionARN: action.arn,
          ServiceNamespace: "dynamodb",
          Schedule: action.schedule,
          Timezone: action.timezone,
          ResourceId: action.resourceId,
          ScalableDimension: action.dimension as ScalableDimension,
          StartTime: action.startMs,
          EndTime: action.endMs,
          ScalableTargetAction: { MinCapacity: action.minimum, MaxCapacity: action.maximum },
          CreationTime: action.createdAtMs,
        })),
        NextToken: next,
      };
    });
  },
} satisfies Handlers<ApplicationAutoScaling>;

function countActions(snapshot: Snapshot, ctx: Context, target: TargetName): number {
  const prefix = actionsPrefix(ctx, target);
  return [...snapshot.range({ start: prefix, end: endOfPrefix(prefix) })].length;
}

function newAction(
  ctx: Context,
  { resourceId, dimension }: TargetName,
  name: string,
  id: string,
): ScheduledActionRecord {
  return {
    resourceId,
    dimension,
    name,
    arn: `arn:aws:autoscaling:${ctx.region}:${ctx.account}:scheduledAction:${id}:resource/dynamodb/${resourceId}:scheduledActionName/${name}`,
    schedule: "",
    timezone: undefined,
    startMs: undefined,
    endMs: undefined,
    minimum: undefined,
    maximum: undefined,
    createdAtMs: ctx.now(),
  };
}

/** The action with what the request names of it. Throws what is wrong with the whole. */
function changedAction(
  ctx: Context,
  before: ScheduledActionRecord,
  input: PutScheduledActionRequest,
): ScheduledActionRecord {
  const { ScalableTargetAction: bounds } = input;
  const after: ScheduledActionRecord = {
    ...before,
    schedule: input.Schedule ?? before.schedule,
    timezone: input.Timezone ?? before.timezone,
    startMs: input.StartTime ?? before.startMs,
    endMs: input.EndTime ?? before.endMs,
    minimum: bounds === undefined ? before.minimum : bounds.MinCapacity,
    maximum: bounds === undefined ? before.maximum : bounds.MaxCapacity,
  };
  const refuse = (problem: string): Error => ctx.error("ValidationException", problem);
  const { schedule, timezone = "UTC", startMs, endMs, minimum, maximum } = after;
  if (schedule === "") throw refuse("Schedule is required for a new scheduled action");
  if (!isTimezone(timezone)) throw refuse(`Invalid time zone: ${timezone}`);
  if (parseSchedule(schedule, timezone, after.createdAtMs) === undefined) {
    throw refuse(`Invalid schedule expression: ${schedule}`);
  }
  if (startMs !== undefined && endMs !== undefined && endMs <= startMs) {
    throw refuse("EndTime must be after StartTime");
  }
  if (minimum === undefined && maximum === undefined) {
    throw refuse("At least one of MinCapacity and MaxCapacity must be specified");
  }
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
    throw refuse("Maximum capacity cannot be less than minimum capacity");
  }
  if (minimum !== undefined && minimum < 1) {
    throw refuse("Minimum capacity of a DynamoDB resource cannot be less than 1");
  }
  return after;
}
