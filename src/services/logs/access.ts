import type { FoundAccess, OperationAccess, ServiceAccess } from "#kernel/authorization/access.ts";
import type { StartQueryRequest } from "#models/logs.ts";

/*
 * What each operation needs to be allowed. Source: Service Authorization Reference, "Actions, resources, and condition keys
 * for Amazon CloudWatch Logs".
 */

const on = (action: string, resource: string): OperationAccess => ({
  rules: [{ action: `logs:${action}`, resource }],
});

const onAll = (action: string): OperationAccess => on(action, "*");
const onGroup = (action: string): OperationAccess => on(action, "log-group:{logGroupName}");
const onStream = (action: string): OperationAccess =>
  on(action, "log-group:{logGroupName}:log-stream:{logStreamName}");

/** Where a group may be named either way: an identifier may be an ARN. */
const onNamedGroup = (action: string): OperationAccess => ({
  rules: [
    { action: `logs:${action}`, resource: "log-group:{logGroupName}", ifGiven: "logGroupName" },
    {
      action: `logs:${action}`,
      resource: "log-group:{logGroupIdentifier}",
      ifGiven: "logGroupIdentifier",
    },
  ],
});

/** Each group that is named; of a query that names its own, all. */
function groupsOfQuery(input: StartQueryRequest): FoundAccess[] {
  const { logGroupName, logGroupNames = [], logGroupIdentifiers = [] } = input;
  const named = [...(logGroupName === undefined ? [] : [logGroupName]), ...logGroupNames];
  const resources = [...named.map((name) => `log-group:${name}`), ...logGroupIdentifiers];
  return (resources.length === 0 ? ["*"] : resources).map((resource) => ({
    action: "logs:StartQuery",
    resource:
      resource.startsWith("arn:") || /^(\*|log-group:)/.test(resource)
        ? resource
        : `log-group:${resource}`,
    input: { ...input },
  }));
}

export const logsAccess: ServiceAccess = {
  operations: {
    CreateLogGroup: onGroup("CreateLogGroup"),
    DeleteLogGroup: onGroup("DeleteLogGroup"),
    DescribeLogGroups: onAll("DescribeLogGroups"),
    ListLogGroups: onAll("ListLogGroups"),
    PutLogGroupDeletionProtection: onNamedGroup("PutLogGroupDeletionProtection"),
    PutRetentionPolicy: onGroup("PutRetentionPolicy"),
    DeleteRetentionPolicy: onGroup("DeleteRetentionPolicy"),
    ListTagsForResource: on("ListTagsForResource", "{resourceArn}"),
    TagResource: on("TagResource", "{resourceArn}"),
    UntagResource: on("UntagResource", "{resourceArn}"),
    ListTagsLogGroup: onGroup("ListTagsLogGroup"),
    TagLogGroup: onGroup("TagLogGroup"),
    UntagLogGroup: onGroup("UntagLogGroup"),
    CreateLogStream: onGroup("CreateLogStream"),
    DeleteLogStream: onStream("DeleteLogStream"),
    DescribeLogStreams: onNamedGroup("DescribeLogStreams"),
    PutLogEvents: onStream("PutLogEvents"),
    GetLogEvents: onNamedGroup("GetLogEvents"),
    FilterLogEvents: onNamedGroup("FilterLogEvents"),
    StartLiveTail: onAll("StartLiveTail"),
    PutMetricFilter: onGroup("PutMetricFilter"),
    DeleteMetricFilter: onGroup("DeleteMetricFilter"),
    DescribeMetricFilters: onAll("DescribeMetricFilters"),
    TestMetricFilter: onAll("TestMetricFilter"),
    PutSubscriptionFilter: onGroup("PutSubscriptionFilter"),
    DeleteSubscriptionFilter: onGroup("DeleteSubscriptionFilter"),
    DescribeSubscriptionFilters: onGroup("DescribeSubscriptionFilters"),
    PutDestination: on("PutDestination", "destination:{destinationName}"),
    DeleteDestination: on("DeleteDestination", "destination:{destinationName}"),
    DescribeDestinations: onAll("DescribeDestinations"),
    StartQuery: { rules: groupsOfQuery },
    GetQueryResults: onAll("GetQueryResults"),
    StopQuery: onAll("StopQuery"),
    DescribeQueries: onAll("DescribeQueries"),
    ListLogGroupsForQuery: onAll("ListLogGroupsForQuery"),
    PutQueryDefinition: onAll("PutQueryDefinition"),
    DeleteQueryDefinition: onAll("DeleteQueryDefinition"),
    DescribeQueryDefinitions: onAll("DescribeQueryDefinitions"),
    GetLogRecord: onAll("GetLogRecord"),
    GetLogGroupFields: onNamedGroup("GetLogGroupFields"),
    PutIndexPolicy: onNamedGroup("PutIndexPolicy"),
    DeleteIndexPolicy: onNamedGroup("DeleteIndexPolicy"),
    DescribeIndexPolicies: onAll("DescribeIndexPolicies"),
    DescribeFieldIndexes: onAll("DescribeFieldIndexes"),
    CreateExportTask: onGroup("CreateExportTask"),
    CancelExportTask: onAll("CancelExportTask"),
    DescribeExportTasks: onAll("DescribeExportTasks"),
  },
};
