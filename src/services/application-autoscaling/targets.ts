import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  ApplicationAutoScaling,
  ScalableDimension,
  SuspendedState,
} from "#models/application-autoscaling.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { scheduleAdjustment, unscheduleAdjustment } from "./adjust-capacity.ts";
import { unscheduleEvaluation } from "./evaluate-policies.ts";
import {
  actionsPrefix,
  policiesPrefix,
  targetIdKey,
  targetKey,
  type TargetName,
  targetsPrefix,
} from "./keyspace.ts";
import { pageOf } from "./paging.ts";
import { scheduleDeleteAlarms } from "./policy-alarms.ts";
import {
  actionCodec,
  policyCodec,
  targetCodec,
  targetNameCodec,
  type TargetRecord,
} from "./records.ts";
import { checkNamespace, provisionOf, resourceOf, type ScalableResource } from "./resources.ts";
import { unscheduleAction } from "./run-scheduled-action.ts";
import { checkTags } from "./tags.ts";

const nothingSuspended: Required<SuspendedState> = {
  DynamicScalingInSuspended: false,
  DynamicScalingOutSuspended: false,
  ScheduledScalingSuspended: false,
};

export const targets = {
  /** Registers a target, or changes what is named of one. A capacity out of its bounds is brought within them. */
  async RegisterScalableTarget(ctx, input) {
    const resource = resourceOf(ctx, input);
    if (input.Tags !== undefined) checkTags(ctx, input.Tags);
    if ((await provisionOf(ctx, resource)) === undefined) throw missingResource(ctx, resource);
    const id = ctx.random.uuid().replaceAll("-", "");
    return ctx.transact((tx) => {
      const before = findTarget(tx, ctx, resource);
      const after: TargetRecord = {
        ...(before ?? newTarget(ctx, resource, id, input.Tags)),
        ...boundsOf(ctx, before, input),
        suspended: { ...(before?.suspended ?? nothingSuspended), ...given(input.SuspendedState) },
      };
      tx.putRecord(targetKey(ctx, after), targetCodec, after);
      const { resourceId, dimension } = after;
      tx.putRecord(targetIdKey(ctx, after.id), targetNameCodec, { resourceId, dimension });
      scheduleAdjustment(tx, ctx, after);
      return { ScalableTargetARN: after.arn };
    });
  },

  /** Its policies and scheduled actions go with it. */
  DeregisterScalableTarget(ctx, input) {
    const resource = resourceOf(ctx, input);
    return ctx.transact((tx) => {
      const target = openTarget(tx, ctx, resource);
      tx.delete(targetKey(ctx, target));
      tx.delete(targetIdKey(ctx, target.id));
      for (const { key, value } of inPrefix(tx, policiesPrefix(ctx, target))) {
        tx.delete(key);
        scheduleDeleteAlarms(tx, ctx, policyCodec.decode(value));
      }
      for (const { key, value } of inPrefix(tx, actionsPrefix(ctx, target))) {
        tx.delete(key);
        unscheduleAction(tx, ctx, actionCodec.decode(value));
      }
      unscheduleEvaluation(tx, ctx, target);
      unscheduleAdjustment(tx, ctx, target);
      return {};
    });
  },

  DescribeScalableTargets(ctx, input) {
    checkNamespace(ctx, input.ServiceNamespace);
    const { ResourceIds: resourceIds, ScalableDimension: dimension } = input;
    return ctx.read((snapshot) => {
      const { items, next } = pageOf(snapshot, ctx, {
        prefix: targetsPrefix(ctx),
        codec: targetCodec,
        input,
        isWanted: (target) =>
          (resourceIds === undefined || resourceIds.includes(target.resourceId)) &&
          (dimension === undefined || target.dimension === dimension),
      });
      return {
        ScalableTargets: items.map((target) => ({
          ServiceNamespace: "dynamodb",
          ResourceId: target.resourceId,
          ScalableDimension: target.dimension as ScalableDimension,
          MinCapacity: target.minimum,
          MaxCapacity: target.maximum,
          RoleARN: target.roleArn,
          CreationTime: target.createdAtMs,
          SuspendedState: target.suspended,
          ScalableTargetARN: target.arn,
        })),
        NextToken: next,
      };
    });
  },
} satisfies Handlers<ApplicationAutoScaling>;

function inPrefix(tx: Transaction, prefix: string) {
  return [...tx.range({ start: prefix, end: endOfPrefix(prefix) })];
}

function missingResource(ctx: Context, { resourceId, indexName }: ScalableResource): Error {
  const kind = indexName === undefined ? "table" : "index";
  return ctx.error("ValidationException", `DynamoDB ${kind} does not exist: ${resourceId}`);
}

function newTarget(
  ctx: Context,
  { resourceId, dimension }: TargetName,
  id: string,
  tags: TargetRecord["tags"] | undefined,
): TargetRecord {
  return {
    resourceId,
    dimension,
    id,
    arn: ctx.arn(`scalable-target/${id}`),
    minimum: 0,
    maximum: 0,
    roleArn: `arn:aws:iam::${ctx.account}:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable`,
    suspended: nothingSuspended,
    createdAtMs: ctx.now(),
    tags: tags ?? {},
  };
}

function given(state: SuspendedState | undefined): Partial<Required<SuspendedState>> {
  return Object.fromEntries(
    Object.entries(state ?? {}).filter(([, isSuspended]) => isSuspended !== undefined),
  );
}

/** The bounds after a request that may name one, both or none. */
export function boundsOf(
  ctx: Context,
  before: Pick<TargetRecord, "minimum" | "maximum"> | undefined,
  asked: { readonly MinCapacity?: number | undefined; readonly MaxCapacity?: number | undefined },
): Pick<TargetRecord, "minimum" | "maximum"> {
  const minimum = asked.MinCapacity ?? before?.minimum;
  const maximum = asked.MaxCapacity ?? before?.maximum;
  const refuse = (problem: string): Error => ctx.error("ValidationException", problem);
  if (minimum === undefined || maximum === undefined) {
    throw refuse("MinCapacity and MaxCapacity are required to register a new scalable target");
  }
  if (minimum > maximum) throw refuse("Maximum capacity cannot be less than minimum capacity");
  if (minimum < 1) throw refuse("Minimum capacity of a DynamoDB resource cannot be less than 1");
  return { minimum, maximum };
}

export function findTarget(
  snapshot: Snapshot,
  ctx: Context,
  name: TargetName,
): TargetRecord | undefined {
  return snapshot.record(targetKey(ctx, name), targetCodec);
}

/** Message: AWS's, as users report it. */
export function openTarget(
  snapshot: Snapshot,
  ctx: Context<"ObjectNotFoundException">,
  name: TargetName,
): TargetRecord {
  const target = findTarget(snapshot, ctx, name);
  if (target !== undefined) return target;
  throw ctx.error(
    "ObjectNotFoundException",
    `No scalable target registered for service namespace: dynamodb, resource ID: ${name.resourceId}, scalable dimension: ${name.dimension}`,
  );
}
