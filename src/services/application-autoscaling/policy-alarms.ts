import type { Context, JobContext } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { PutMetricAlarmInput } from "#models/cloudwatch.ts";
import type { Transaction } from "#store/store.ts";
import { policyKey, type TargetName } from "./keyspace.ts";
import { policyCodec, type PolicyRecord } from "./records.ts";
import { provisionOf, resourceNamed, type ScalableResource, unitsOf } from "./resources.ts";
import {
  customHighMinutes,
  customLowRatio,
  highMinutes,
  lowMargin,
  lowMinutes,
} from "./target-tracking.ts";

/*
 * The alarms of policies, in CloudWatch: what a policy decides by, for everybody to see. The policy itself looks at the
 * same numbers once a minute (evaluate-policies.ts), so nothing waits for them.
 */

interface PolicyJob extends TargetName {
  readonly name: string;
}

/** Has the alarms of a policy put, soon. */
export function schedulePutAlarms(tx: Transaction, ctx: Context, policy: PolicyRecord): void {
  const { resourceId, dimension, name } = policy;
  const payload: PolicyJob = { resourceId, dimension, name };
  const key = `${resourceId} ${dimension} ${name}`;
  ctx.schedule(tx, { at: ctx.now(), job: "putAlarms", key, payload });
}

/** Has the alarms of a policy that was deleted deleted, soon. */
export function scheduleDeleteAlarms(tx: Transaction, ctx: Context, policy: PolicyRecord): void {
  const { resourceId, dimension, name, alarms } = policy;
  ctx.unschedule(tx, "putAlarms", `${resourceId} ${dimension} ${name}`);
  const payload = { names: alarms.map(({ AlarmName }) => AlarmName) };
  ctx.schedule(tx, { at: ctx.now(), job: "deleteAlarms", key: policy.arn, payload });
}

/** The job. */
export async function putAlarms(ctx: JobContext, job: PolicyJob): Promise<void> {
  const policy = await ctx.read((snapshot) =>
    snapshot.record(policyKey(ctx, job, job.name), policyCodec),
  );
  const resource = resourceNamed(job);
  const provision = resource && (await provisionOf(ctx, resource));
  if (policy === undefined || resource === undefined || provision === undefined) return;
  const units = unitsOf(provision, resource);
  for (const alarm of alarmsOf(policy, resource, units)) {
    await ctx.services.cloudwatch.PutMetricAlarm(alarm);
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const now = tx.record(policyKey(ctx, job, job.name), policyCodec);
    // Deleted meanwhile, perhaps before the alarms were there to be deleted with it.
    if (now?.arn !== policy.arn) return scheduleDeleteAlarms(tx, ctx, policy);
    tx.putRecord(policyKey(ctx, job, job.name), policyCodec, { ...now, alarmUnits: units });
  });
}

/** The job. */
export async function deleteAlarms(ctx: JobContext, { names }: { names: string[] }): Promise<void> {
  try {
    await ctx.services.cloudwatch.DeleteAlarms({ AlarmNames: names });
  } catch (error) {
    if (error instanceof ServiceError && error.code === "ResourceNotFound") return;
    throw error;
  }
}

/**
 * As AWS makes them: two on what is consumed, or on the policy's own metric, and two on what is provisioned. Source:
 * Developer Guide, "Managing throughput capacity automatically with DynamoDB auto scaling"; alarms that AWS was seen to make.
 */
function alarmsOf(
  policy: PolicyRecord,
  resource: ScalableResource,
  units: number,
): PutMetricAlarmInput[] {
  const { TargetValue: target, CustomizedMetricSpecification: custom } = policy.configuration;
  const { direction, tableName, indexName } = resource;
  const Dimensions = [
    { Name: "TableName", Value: tableName },
    ...(indexName === undefined ? [] : [{ Name: "GlobalSecondaryIndexName", Value: indexName }]),
  ];
  const perMinute = (percent: number): number => Math.max(0, (percent / 100) * units * 60);
  const followed =
    custom === undefined
      ? {
          Namespace: "AWS/DynamoDB",
          MetricName: `Consumed${direction}CapacityUnits`,
          Dimensions,
          Statistic: "Sum" as const,
        }
      : {
          Namespace: custom.Namespace,
          MetricName: custom.MetricName,
          Dimensions: custom.Dimensions,
          Statistic: custom.Statistic,
        };
  const provisioned = {
    Namespace: "AWS/DynamoDB",
    MetricName: `Provisioned${direction}CapacityUnits`,
    Dimensions,
    Statistic: "Average" as const,
    Period: 300,
    EvaluationPeriods: 3,
    Threshold: units,
  };
  const isCustom = custom !== undefined;
  const shapes = [
    {
      ...followed,
      Period: 60,
      EvaluationPeriods: isCustom ? customHighMinutes : highMinutes,
      Threshold: isCustom ? target : perMinute(target),
    },
    {
      ...followed,
      Period: 60,
      EvaluationPeriods: lowMinutes,
      Threshold: isCustom ? target * customLowRatio : perMinute(target - lowMargin),
    },
    provisioned,
    provisioned,
  ];
  return shapes.map((shape, at) => ({
    ...shape,
    AlarmName: policy.alarms[at]!.AlarmName,
    AlarmDescription: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${policy.arn}.`,
    ComparisonOperator: at % 2 === 0 ? "GreaterThanThreshold" : "LessThanThreshold",
    AlarmActions: [policy.arn],
  }));
}
