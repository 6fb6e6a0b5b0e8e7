import { defineService } from "#kernel/service.ts";
import type { ApplicationAutoScaling } from "#models/application-autoscaling.ts";
import { applicationAutoScalingAccess } from "./access.ts";
import { activities } from "./activities.ts";
import { adjustCapacity } from "./adjust-capacity.ts";
import { evaluatePolicies } from "./evaluate-policies.ts";
import { policies } from "./policies.ts";
import { deleteAlarms, putAlarms } from "./policy-alarms.ts";
import { runScheduledAction } from "./run-scheduled-action.ts";
import { scheduledActions } from "./scheduled-actions.ts";
import { tags } from "./tags.ts";
import { targets } from "./targets.ts";

/** Scales DynamoDB's tables and indexes. */
export const applicationAutoScaling = defineService<ApplicationAutoScaling>({
  name: "application-autoscaling",
  operations: { ...targets, ...policies, ...scheduledActions, ...activities, ...tags },
  access: applicationAutoScalingAccess,
  jobs: { adjustCapacity, deleteAlarms, evaluatePolicies, putAlarms, runScheduledAction },
});
