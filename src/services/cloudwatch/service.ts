import { defineService } from "#kernel/service.ts";
import type { CloudWatch } from "#models/cloudwatch.ts";
import { getMetricData } from "./metrics/get-metric-data.ts";
import { metricStatistics } from "./metrics/get-metric-statistics.ts";
import { metricNames } from "./metrics/list-metrics.ts";
import { metricData } from "./metrics/put-metric-data.ts";

/** Metrics of services and of users, and alarms on them. */
export const cloudwatch = defineService<CloudWatch>({
  name: "cloudwatch",
  operations: { ...metricData, ...metricNames, ...metricStatistics, ...getMetricData },
});
