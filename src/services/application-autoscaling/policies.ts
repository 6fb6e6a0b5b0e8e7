import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  Alarms,
  ApplicationAutoScaling,
  PutScalingPolicyRequest,
  ScalableDimension,
  TargetTrackingScalingPolicyConfiguration,
} from "#models/application-autoscaling.ts";
import { policiesOf, scheduleEvaluation, unscheduleEvaluation } from "./evaluate-policies.ts";
import { policiesPrefix, policyKey } from "./keyspace.ts";
import { pageOf } from "./paging.ts";
import { scheduleDeleteAlarms, schedulePutAlarms } from "./policy-alarms.ts";
import { policyCodec, type PolicyRecord } from "./records.ts";
import { checkNamespace, resourceOf, type ScalableResource } from "./resources.ts";
import { openTarget } from "./targets.ts";

/** Source: API reference, PutScalingPolicy, and the service's quotas. */
const policiesPerTargetAtMost = 50;

export const policies = {
  PutScalingPolicy(ctx, input) {
    const resource = resourceOf(ctx, input);
    const configuration = checkedConfiguration(ctx, resource, input);
    const ids = { policy: ctx.random.uuid(), alarms: alarmIds(ctx) };
    return ctx.transact((tx) => {
      const target = openTarget(tx, ctx, resource);
      const key = policyKey(ctx, target, input.PolicyName);
      const before = tx.record(key, policyCodec);
      if (before === undefined && policiesOf(tx, ctx, target).length >= policiesPerTargetAtMost) {
        throw ctx.error(
          "LimitExceededException",
          `There can be at most ${policiesPerTargetAtMost} scaling policies for a scalable target`,
        );
      }
      const after: PolicyRecord = {
        ...(before ?? newPolicy(ctx, resource, input.PolicyName, ids)),
        configuration,
        heldBy: undefined,
        retryAtMs: 0,
        alarmUnits: undefined,
      };
      tx.putRecord(key, policyCodec, after);
      scheduleEvaluation(tx, ctx, target);
      schedulePutAlarms(tx, ctx, after);
      return { PolicyARN: after.arn, Alarms: after.alarms };
    });
  },

  DeleteScalingPolicy(ctx, input) {
    const resource = resourceOf(ctx, input);
    return ctx.transact((tx) => {
      const key = policyKey(ctx, resource, input.PolicyName);
      const policy = tx.record(key, policyCodec);
      if (policy === undefined) {
        throw ctx.error(
          "ObjectNotFoundException",
          `No scaling policy found for service namespace: dynamodb, resource ID: ${resource.resourceId}, scalable dimension: ${resource.dimension}, policy name: ${input.PolicyName}`,
        );
      }
      tx.delete(key);
      scheduleDeleteAlarms(tx, ctx, policy);
      if (policiesOf(tx, ctx, resource).length === 0) unscheduleEvaluation(tx, ctx, resource);
      return {};
    });
  },

  DescribeScalingPolicies(ctx, input) {
    checkNamespace(ctx, input.ServiceNamespace);
    const { PolicyNames: names, ResourceId, ScalableDimension: dimension } = input;
    return ctx.read((snapshot) => {
      const { items, next } = pageOf(snapshot, ctx, {
        prefix: policiesPrefix(ctx),
        codec: policyCodec,
        input,
        isWanted: (policy) =>
          (names === undefined || names.includes(policy.name)) &&
          (ResourceId === undefined || policy.resourceId === ResourceId) &&
          (dimension === undefined || policy.dimension === dimension),
      });
      return {
        ScalingPolicies: items.map((policy) => ({
          PolicyARN: policy.arn,
          PolicyName: policy.name,
          ServiceNamespace: "dynamodb",
          ResourceId: policy.resourceId,
          ScalableDimension: policy.dimension as ScalableDimension,
          PolicyType: policy.type,
          TargetTrackingScalingPolicyConfiguration: policy.configuration,
          Alarms: policy.alarms,
          CreationTime: policy.createdAtMs,
        })),
        NextToken: next,
      };
    });
  },

  /** AWS forecasts for ECS alone. */
  GetPredictiveScalingForecast(ctx, input) {
    throw ctx.error(
      "ValidationException",
      `Predictive scaling is not supported for service namespace: ${input.ServiceNamespace}`,
    );
  },
} satisfies Handlers<ApplicationAutoScaling>;

/** DynamoDB is scaled by target tracking alone. Source: API reference, PutScalingPolicy, PolicyType. */
function checkedConfiguration(
  ctx: Context,
  { direction, dimension }: ScalableResource,
  input: PutScalingPolicyRequest,
): TargetTrackingScalingPolicyConfiguration {
  const refuse = (problem: string): Error => ctx.error("ValidationException", problem);
  const type = input.PolicyType ?? "StepScaling";
  if (type !== "TargetTrackingScaling") {
    throw refuse(`Policy type ${type} is not supported for scalable dimension: ${dimension}`);
  }
  const configuration = input.TargetTrackingScalingPolicyConfiguration;
  if (configuration === undefined) {
    throw refuse("TargetTrackingScalingPolicyConfiguration is required for TargetTrackingScaling");
  }
  const { PredefinedMetricSpecification: predefined, CustomizedMetricSpecification: custom } =
    configuration;
  if ((predefined === undefined) === (custom === undefined)) {
    throw refuse(
      "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified",
    );
  }
  const { TargetValue: target } = configuration;
  if (predefined !== undefined) {
    const metric = predefined.PredefinedMetricType;
    if (metric !== `DynamoDB${direction}CapacityUtilization`) {
      throw refuse(
        `Predefined metric type ${metric} is not supported for scalable dimension: ${dimension}`,
      );
    }
    if (target < 20 || target > 90) {
      throw refuse("Target utilization of a DynamoDB resource must be between 20 and 90");
    }
    return configuration;
  }
  if (!(target > 0)) throw refuse("TargetValue must be greater than 0");
  if (custom!.Metrics !== undefined) {
    throw ctx.error("NotImplemented", "Target tracking of metric math is not implemented yet");
  }
  if (!custom!.MetricName || !custom!.Namespace || !custom!.Statistic) {
    throw refuse("MetricName, Namespace and Statistic are required for a customized metric");
  }
  return configuration;
}

interface PolicyIds {
  readonly policy: string;
  readonly alarms: readonly string[];
}

/** The alarms that AWS makes for a policy on DynamoDB: two on what is consumed, two on what is provisioned. */
const alarmKinds = ["AlarmHigh", "AlarmLow", "ProvisionedCapacityHigh", "ProvisionedCapacityLow"];

const alarmIds = (ctx: Context): string[] => alarmKinds.map(() => ctx.random.uuid());

function newPolicy(
  ctx: Context,
  { resourceId, dimension }: ScalableResource,
  name: string,
  ids: PolicyIds,
): PolicyRecord {
  const { account, region } = ctx;
  const alarms: Alarms = alarmKinds.map((kind, at) => {
    const AlarmName = `TargetTracking-${resourceId}-${kind}-${ids.alarms[at]}`;
    return { AlarmName, AlarmARN: `arn:aws:cloudwatch:${region}:${account}:alarm:${AlarmName}` };
  });
  return {
    resourceId,
    dimension,
    name,
    arn: `arn:aws:autoscaling:${region}:${account}:scalingPolicy:${ids.policy}:resource/dynamodb/${resourceId}:policyName/${name}`,
    type: "TargetTrackingScaling",
    configuration: { TargetValue: 0 },
    alarms,
    createdAtMs: ctx.now(),
    scaledOutMs: 0,
    scaledInMs: 0,
    retryAtMs: 0,
    heldBy: undefined,
  };
}
