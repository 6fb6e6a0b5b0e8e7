import type { FoundAccess, OperationAccess, ServiceAccess } from "#kernel/authorization/access.ts";

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

export const cloudwatchAccess: ServiceAccess = {
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
    on("{ResourceARN}", "TagResource"),
    on("{ResourceARN}", "UntagResource"),
    on("{ResourceARN}", "ListTagsForResource"),
  ]),
};
