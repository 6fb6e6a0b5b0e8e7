import type {
  FoundAccess,
  KnownResource,
  Need,
  OperationAccess,
  ServiceAccess,
} from "#kernel/authorization/access.ts";
import { contextOf, type ContextValue } from "#kernel/authorization/request-context.ts";
import type { Context } from "#kernel/context.ts";
import type { TagList } from "#models/cloudwatch.ts";
import type { Snapshot } from "#store/store.ts";
import { tagsOf } from "./tags.ts";

/*
 * What each operation needs to be allowed. Source: Service Authorization Reference, "Actions, resources, and condition keys
 * for Amazon CloudWatch". Metrics are no resources: policies speak of all of them.
 */

const on = (resource: string, action: string): [string, OperationAccess] => [
  action,
  { rules: [{ action: `cloudwatch:${action}`, resource }] },
];

/** For each of the names that a request lists. */
const onEach = (resource: string, list: string, action: string): [string, OperationAccess] => [
  action,
  {
    rules: (input: Readonly<Record<string, readonly string[] | undefined>>): FoundAccess[] =>
      (input[list] ?? []).map((name) => ({
        action: `cloudwatch:${action}`,
        resource: resource + name,
        input,
      })),
  },
];

/** The ARN, where a dashboard's has no region, and the keys that conditions ask for. */
function knownResource(snapshot: Snapshot, ctx: Context, need: Need): KnownResource {
  const { input, operation } = need;
  const [, name] = /^arn:aws:cloudwatch:[^:]*:[^:]*:(dashboard\/.*)$/s.exec(need.resource) ?? [];
  const arn = name === undefined ? need.resource : `arn:aws:cloudwatch::${ctx.account}:${name}`;
  const given = (input["Tags"] as TagList | undefined) ?? [];
  const keys: Record<string, ContextValue | undefined> = {
    "cloudwatch:namespace":
      operation === "PutMetricData" ? (input["Namespace"] as string | undefined) : undefined,
    "cloudwatch:AlarmActions": input["AlarmActions"] as string[] | undefined,
    "aws:TagKeys":
      (input["TagKeys"] as string[] | undefined) ??
      (given.length > 0 ? given.map(({ Key }) => Key) : undefined),
  };
  for (const { Key, Value } of given) keys[`aws:RequestTag/${Key}`] = Value;
  for (const { Key, Value } of tagsOf(snapshot, ctx, arn)) keys[`aws:ResourceTag/${Key}`] = Value;
  return { resource: arn, keys: contextOf(keys) };
}

export const cloudwatchAccess: ServiceAccess = {
  resource: knownResource,
  operations: Object.fromEntries([
    on("*", "PutMetricData"),
    on("*", "GetMetricData"),
    on("*", "GetMetricStatistics"),
    on("*", "ListMetrics"),
    on("alarm:{AlarmName}", "PutMetricAlarm"),
    on("alarm:{AlarmName}", "PutCompositeAlarm"),
    on("alarm:{AlarmName}", "SetAlarmState"),
    onEach("alarm:", "AlarmNames", "DeleteAlarms"),
    onEach("alarm:", "AlarmNames", "EnableAlarmActions"),
    onEach("alarm:", "AlarmNames", "DisableAlarmActions"),
    on("*", "DescribeAlarms"),
    on("*", "DescribeAlarmsForMetric"),
    on("*", "DescribeAlarmHistory"),
    on("dashboard/{DashboardName}", "PutDashboard"),
    on("dashboard/{DashboardName}", "GetDashboard"),
    on("*", "ListDashboards"),
    onEach("dashboard/", "DashboardNames", "DeleteDashboards"),
    on("*", "DescribeInsightRules"),
    on("insight-rule/{RuleName}", "GetInsightRuleReport"),
    on("{ResourceARN}", "TagResource"),
    on("{ResourceARN}", "UntagResource"),
    on("{ResourceARN}", "ListTagsForResource"),
  ]),
};
