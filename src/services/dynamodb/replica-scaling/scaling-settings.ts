import type { Context } from "#kernel/context.ts";
import type {
  ScalableDimension,
  ScalableTarget,
  ScalingPolicy,
} from "#models/application-autoscaling.ts";
import type {
  AutoScalingSettingsDescription,
  AutoScalingSettingsUpdate,
} from "#models/dynamodb.ts";

/* The auto scaling of one dimension in one region, as DynamoDB's own operations speak of it. */

/** Whether a policy scales the writes of a table in this region. */
export async function hasScaledWrites(ctx: Context, tableName: string): Promise<boolean> {
  const dimension = "dynamodb:table:WriteCapacityUnits";
  const { target, policies } = await known(ctx, `table/${tableName}`, dimension);
  return target !== undefined && policies.length > 0;
}

/** Of what is not scaled it says just that. */
export async function describeSettings(
  ctx: Context,
  resourceId: string,
  dimension: ScalableDimension,
): Promise<AutoScalingSettingsDescription> {
  const { target, policies } = await known(ctx, resourceId, dimension);
  if (target === undefined) return { AutoScalingDisabled: true };
  return {
    MinimumUnits: target.MinCapacity,
    MaximumUnits: target.MaxCapacity,
    AutoScalingDisabled: false,
    AutoScalingRoleArn: target.RoleARN,
    ScalingPolicies: policies.map((policy) => {
      const tracking = policy.TargetTrackingScalingPolicyConfiguration!;
      return {
        PolicyName: policy.PolicyName,
        TargetTrackingScalingPolicyConfiguration: {
          DisableScaleIn: tracking.DisableScaleIn,
          ScaleInCooldown: tracking.ScaleInCooldown,
          ScaleOutCooldown: tracking.ScaleOutCooldown,
          TargetValue: tracking.TargetValue,
        },
      };
    }),
  };
}

export async function changeSettings(
  ctx: Context,
  resourceId: string,
  dimension: ScalableDimension,
  update: AutoScalingSettingsUpdate,
): Promise<void> {
  const scaling = ctx.services["application-autoscaling"];
  const name = {
    ServiceNamespace: "dynamodb",
    ResourceId: resourceId,
    ScalableDimension: dimension,
  } as const;
  const { target } = await known(ctx, resourceId, dimension);
  if (update.AutoScalingDisabled === true) {
    if (target !== undefined) await scaling.DeregisterScalableTarget(name);
    return;
  }
  if (target === undefined && (update.MinimumUnits ?? update.MaximumUnits) === undefined) {
    throw ctx.error(
      "ValidationException",
      `MinimumUnits and MaximumUnits are required to enable auto scaling of ${resourceId}`,
    );
  }
  await scaling.RegisterScalableTarget({
    ...name,
    MinCapacity: update.MinimumUnits,
    MaxCapacity: update.MaximumUnits,
    RoleARN: update.AutoScalingRoleArn,
  });
  const policy = update.ScalingPolicyUpdate;
  if (policy === undefined) return;
  const direction = dimension.includes(":Read") ? "Read" : "Write";
  await scaling.PutScalingPolicy({
    ...name,
    PolicyName: policy.PolicyName ?? `${direction}CapacityUnits-${resourceId}`,
    PolicyType: "TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration: {
      ...policy.TargetTrackingScalingPolicyConfiguration,
      PredefinedMetricSpecification: {
        PredefinedMetricType: `DynamoDB${direction}CapacityUtilization`,
      },
    },
  });
}

async function known(
  ctx: Context,
  resourceId: string,
  dimension: ScalableDimension,
): Promise<{
  readonly target: ScalableTarget | undefined;
  readonly policies: readonly ScalingPolicy[];
}> {
  const scaling = ctx.services["application-autoscaling"];
  const { ScalableTargets } = await scaling.DescribeScalableTargets({
    ServiceNamespace: "dynamodb",
    ResourceIds: [resourceId],
    ScalableDimension: dimension,
  });
  const { ScalingPolicies } = await scaling.DescribeScalingPolicies({
    ServiceNamespace: "dynamodb",
    ResourceId: resourceId,
    ScalableDimension: dimension,
  });
  return { target: ScalableTargets?.[0], policies: ScalingPolicies ?? [] };
}
