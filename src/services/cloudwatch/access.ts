import type {
  FoundAccess,
  KnownResource,
  Need,
  OperationAccess,
  ServiceAccess,
} from "#kernel/authorization/access.ts";
import type { Context } from "#kernel/context.ts";

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

/** Dashboards are in no region. */
function knownResource(_: unknown, ctx: Context, { resource }: Need): KnownResource {
  const [, name] = /^arn:aws:cloudwatch:[^:]*:[^:]*:(dashboard\/.*)$/s.exec(resource) ?? [];
  return name === undefined ? {} : { resource: `arn:aws:cloudwatch::${ctx.account}:${name}` };
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
