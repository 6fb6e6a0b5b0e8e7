import { defineService } from "#kernel/service.ts";
import type { CloudWatch } from "#models/cloudwatch.ts";
import { cloudwatchAccess } from "./access.ts";
import { alarmHistory } from "./alarms/alarm-history.ts";
import { alarms } from "./alarms/alarms.ts";
import { compositeAlarms } from "./alarms/composite-alarms.ts";
import { describeAlarms } from "./alarms/describe-alarms.ts";
import { evaluateAlarm } from "./alarms/evaluate-alarm.ts";
import { metricAlarms } from "./alarms/metric-alarms.ts";
import { performAction } from "./alarms/perform-action.ts";
import { releaseActions } from "./alarms/suppression.ts";
import { dashboards } from "./dashboards.ts";
import { insightRules } from "./insight-rules.ts";
import { getMetricData } from "./metrics/get-metric-data.ts";
import { metricStatistics } from "./metrics/get-metric-statistics.ts";
import { metricNames } from "./metrics/list-metrics.ts";
import { metricData } from "./metrics/put-metric-data.ts";
import { tags } from "./tags.ts";

/** Metrics of services and of users, and alarms on them. */
export const cloudwatch = defineService<CloudWatch>({
  name: "cloudwatch",
  operations: {
    ...metricData,
    ...metricNames,
    ...metricStatistics,
    ...getMetricData,
    ...metricAlarms,
    ...compositeAlarms,
    ...describeAlarms,
    ...alarms,
    ...alarmHistory,
    ...dashboards,
    ...insightRules,
    ...tags,
  },
  access: cloudwatchAccess,
  jobs: { evaluateAlarm, performAction, releaseActions },
});
