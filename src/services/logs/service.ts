import { defineService } from "#kernel/service.ts";
import type { CloudWatchLogs } from "#models/logs.ts";
import { logsAccess } from "./access.ts";
import { filterLogEvents } from "./events/filter-log-events.ts";
import { getLogEvents } from "./events/get-log-events.ts";
import { putLogEvents } from "./events/put-log-events.ts";
import { exportTasks } from "./exports/export-tasks.ts";
import { writeExport } from "./exports/write-export.ts";
import { expireEvents } from "./groups/expire-events.ts";
import { logGroups } from "./groups/log-groups.ts";
import { retention } from "./groups/retention.ts";
import { sweepGroup, sweepStream } from "./groups/sweep.ts";
import { tags } from "./groups/tags.ts";
import { fieldIndexes } from "./insights/field-indexes.ts";
import { logRecords } from "./insights/log-records.ts";
import { queries } from "./insights/queries.ts";
import { queryDefinitions } from "./insights/query-definitions.ts";
import { forgetQuery, runQuery } from "./insights/run-query.ts";
import { startLiveTail } from "./live-tail/start-live-tail.ts";
import { measureDefault } from "./metric-filters/measure-matches.ts";
import { metricFilters } from "./metric-filters/metric-filters.ts";
import { logStreams } from "./streams/log-streams.ts";
import { deliverMatches } from "./subscriptions/deliver-matches.ts";
import { destinations } from "./subscriptions/destinations.ts";
import { subscriptionFilters } from "./subscriptions/subscription-filters.ts";

export const logs = defineService<CloudWatchLogs>({
  name: "logs",
  access: logsAccess,
  operations: {
    ...logGroups,
    ...retention,
    ...tags,
    ...logStreams,
    ...putLogEvents,
    ...getLogEvents,
    ...filterLogEvents,
    ...metricFilters,
    ...subscriptionFilters,
    ...destinations,
    ...startLiveTail,
    ...queries,
    ...queryDefinitions,
    ...logRecords,
    ...fieldIndexes,
    ...exportTasks,
  },
  jobs: {
    deliverMatches,
    expireEvents,
    forgetQuery,
    measureDefault,
    runQuery,
    sweepGroup,
    sweepStream,
    writeExport,
  },
});
