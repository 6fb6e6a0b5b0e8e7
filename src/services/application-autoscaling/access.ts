import type { OperationAccess, ServiceAccess } from "#kernel/authorization/access.ts";

/*
 * What each operation needs to be allowed. Source: Service Authorization Reference, "Actions, resources, and condition keys
 * for AWS Application Auto Scaling"; targets have ids that no request names, so policies speak of all of them.
 */

function onAll(action: string): OperationAccess {
  return { rules: [{ action: `application-autoscaling:${action}`, resource: "*" }] };
}

function onTarget(action: string): OperationAccess {
  return { rules: [{ action: `application-autoscaling:${action}`, resource: "{ResourceARN}" }] };
}

export const applicationAutoScalingAccess: ServiceAccess = {
  operations: {
    RegisterScalableTarget: onAll("RegisterScalableTarget"),
    DeregisterScalableTarget: onAll("DeregisterScalableTarget"),
    DescribeScalableTargets: onAll("DescribeScalableTargets"),
    PutScalingPolicy: onAll("PutScalingPolicy"),
    DeleteScalingPolicy: onAll("DeleteScalingPolicy"),
    DescribeScalingPolicies: onAll("DescribeScalingPolicies"),
    PutScheduledAction: onAll("PutScheduledAction"),
    DeleteScheduledAction: onAll("DeleteScheduledAction"),
    DescribeScheduledActions: onAll("DescribeScheduledActions"),
    DescribeScalingActivities: onAll("DescribeScalingActivities"),
    GetPredictiveScalingForecast: onAll("GetPredictiveScalingForecast"),
    ListTagsForResource: onTarget("ListTagsForResource"),
    TagResource: onTarget("TagResource"),
    UntagResource: onTarget("UntagResource"),
  },
};
